"""The verbs, with the classes of their subjects and objects."""

from __future__ import annotations

from .entries import Verb, read_verbs

VERBS = """
    sleep/slept: dormir: being
    run/ran/running: courir: being
    walk: marcher: being
    swim/swam/swimming: nager: being
    jump: sauter: being
    fall/fell: tomber: falling
    breathe: respirer: being
    arrive: arriver: human
    disappear: disparaître: concrete
    die/died/dying: mourir: being
    grow/grew: grandir: being
    come/came back: revenir: being
    escape: s'échapper: being
    wake/woke up: se réveiller: being
    rest: se reposer: being
    stop/stopped/stopping: s'arrêter: human, vehicle
    work: travailler: human
    sing/sang: chanter: human
    sing/sang: chanter: human > song
    dance: danser: human
    smile: sourire: human
    laugh: rire: human
    cry: pleurer: human
    speak/spoke: parler: human
    dream: rêver: human
    travel: voyager: human
    shout: crier: human
    sneeze: éternuer: human
    cough: tousser: human
    succeed: réussir: human
    fail: échouer: human
    hesitate: hésiter: human
    exaggerate: exagérer: human
    pray: prier: human
    snore: ronfler: human
    whisper: chuchoter: human
    blush: rougir: human
    faint: s'évanouir: human
    complain: se plaindre: human
    hurry: se dépêcher: human
    get/got/getting up: se lever: human
    get/got/getting dressed: s'habiller: human
    get/got/getting married: se marier: human
    get/got/getting bored: s'ennuyer: human
    stroll: se promener: human
    play: jouer: human
    play: jouer de: human > instrument
    play: jouer à: human > game
    bark: aboyer: dog
    purr/purred/purring: ronronner: cat
    fly/flew: voler: bird
    burn: brûler: plant, furniture
    shine/shone: briller: shining
    ~see/saw: voir: being > visible
    look at: regarder: being > visible
    watch: regarder: human > show
    look for: chercher: being > concrete
    find/found: trouver: being > concrete
    hear/heard: entendre: being > heard
    listen to: écouter: human > human, sound
    follow: suivre: being > being
    attack: attaquer: animal > being
    bite/bit/biting: mordre: dog > human
    hunt: chasser: human > animal
    frighten: effrayer: being > being
    buy/bought: acheter: human > goods
    sell/sold: vendre: human > goods
    take/took: prendre: human > portable, fruit, dish
    carry: porter: human > portable, fruit, dish
    bring/brought: apporter: human > portable, food, drink, fruit, dish => human
    wear/wore: porter: human > clothes
    lose/lost: perdre: human > portable
    ~forget/forgot/forgetting: oublier: human > portable, idea
    hide/hid: cacher: human > portable, fruit, dish
    break/broke: casser: human > breakable
    repair: réparer: human > repairable
    clean: nettoyer: human > room, furniture, fixture
    wash: laver: human > washable
    paint: peindre: human > furniture, opening, fixture, vehicle, plant, waters, in
    draw/drew: dessiner: human > concrete
    open: ouvrir: human > opened
    close: fermer: human > opened
    build/built: construire: human > built
    destroy: détruire: human > built
    visit: visiter: human > visited
    cross: traverser: human > crossed
    enter: entrer dans: being > room
    describe: décrire: human > anything
    choose/chose/choosing: choisir: human > object
    ~=prefer/preferred/preferring: préférer: human > loved
    ~=like: aimer: being > loved
    ~=love: adorer: being > loved
    ~=hate: détester: being > loved
    ~=know/knew: connaître: human > known
    ~=need: avoir besoin de: human > object, human
    ~=want: vouloir: human > goods
    ~understand/understood: comprendre: human > mind
    explain: expliquer: human > idea => human
    learn: apprendre: human > learned
    read/read: lire: human > text
    write/wrote: écrire: human > text
    translate: traduire: human > text
    copy: copier: human > text
    correct: corriger: human > text
    print: imprimer: human > text
    sign: signer: human > signed
    send/sent: envoyer: human > portable => human
    receive: recevoir: human > portable
    give/gave: donner: human > portable, food, drink, fruit, dish => human
    show: montrer: human > object => human
    lend/lent: prêter: human > portable => human
    offer: offrir: human > portable, dish => human
    throw/threw: lancer: human > thrown
    catch/caught: attraper: human > animal, thrown
    help: aider: human > human
    thank: remercier: human > human
    invite: inviter: human > human
    meet/met: rencontrer: human > human
    call: appeler: human > human
    wait for: attendre: human > human, vehicle
    answer: répondre à: human > human, question
    obey: obéir à: human > human
    phone: téléphoner à: human > human
    talk to: parler à: human > being
    talk about: parler de: human > anything
    think/thought about: penser à: human > anything
    dream of: rêver de: human > loved
    laugh at: se moquer de: human > human
    ~remember: se souvenir de: human > anything
    take/took care of: s'occuper de: human > being, plant
    forgive/forgave: pardonner à: human > human
    ~=resemble: ressembler à: human > human
    kiss: embrasser: human > human
    protect: protéger: human > being, nature, waters, in
    save: sauver: human > being
    feed/fed: nourrir: human > animal
    greet: saluer: human > human
    admire: admirer: human > visible
    respect: respecter: human > human
    encourage: encourager: human > human
    congratulate: féliciter: human > human
    punish: punir: human > human
    accompany: accompagner: human > human
    surprise/surprised/surprising: surprendre: human > human
    scold: gronder: human > human
    marry: épouser: human > human
    interrupt: interrompre: human > human, conversation
    accept: accepter: human > idea, gift
    refuse: refuser: human > idea, gift
    propose: proposer: human > idea => human
    imagine: imaginer: human > anything
    invent: inventer: human > idea, machine
    discover: découvrir: human > idea, nature, waters, place
    observe: observer: human > visible
    examine: examiner: human > object, body
    eat/ate: manger: being > edible
    eat/ate: manger: being
    drink/drank: boire: being > drink
    taste: goûter: human > tasty
    prepare: préparer: human > cookable
    order: commander: human > tasty
    share: partager: human > tasty
    peel: éplucher: human > fruit
    add: ajouter: human > ingredient
    pour: verser: human > drink
    fill: remplir: human > container
    push: pousser: human > furniture, vehicle, container
    pull: tirer: being > cart
    lift: soulever: human > furniture, container
    touch: toucher: human > object, body
    drive/drove: conduire: human > driven
    steal/stole: voler: human > portable, fruit, dish
    fold: plier: human > folded
    iron: repasser: human > clothes
    pick: cueillir: human > picked
    use: utiliser: human > used
    keep/kept: garder: human > portable
    borrow: emprunter: human > portable
    win/won/winning: gagner: human > prize
    solve: résoudre: human > problem
    improve: améliorer: human > idea, text
    start: commencer: human > begun
    finish: finir: human > begun
    repeat: répéter: human > said
    tell/told: raconter: human > told => human
    measure: mesurer: human > furniture, opening, fixture, container
    decorate: décorer: human > decorated
    photograph: photographier: human > visible
"""

# Beginnings of an action: English verb before `to`, French verb and its preposition.
CONTROL = """
    ~=want to: vouloir
    try to: essayer de
    begin/began/beginning to: commencer à
    ~=hope to: espérer
    ~refuse to: refuser de
    ~decide to: décider de
    learn to: apprendre à
    ~=like to: aimer
    ~=love to: adorer
    ~=hate to: détester
    ~=prefer/preferred/preferring to: préférer
    ~forget/forgot/forgetting to: oublier de
    ~promise to: promettre de
    continue to: continuer à
    manage to: réussir à
    ~=need to: avoir besoin de
    ~hesitate to: hésiter à
    ~dare to: oser
    ~agree to: accepter de
"""
# Matrix verbs of `that` clauses, in the present only.
THAT = {"think": "penser", "believe": "croire", "say": "dire", "hope": "espérer"}
WEATHER = {"rain": "pleuvoir", "snow": "neiger"}
AMBIGUOUS_PAST = frozenset({"read"})

ALL_VERBS: list[Verb] = read_verbs(VERBS)
ALL_CONTROL: list[Verb] = read_verbs(CONTROL)
