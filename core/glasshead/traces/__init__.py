"""What the steps of a decode showed: recording it, and reading it by site."""
