"""The values captured in the steps of a decode: recording them, and reading them by site."""
