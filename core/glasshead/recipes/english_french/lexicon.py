"""The dictionary: every English word of the grammar and its one French word.

How the tables are written. Entries are parted by commas. A noun is `english[/plural]: french [f]`; a profession is
`english: masculine/feminine`, or ends in `mf` when the same word serves both. A verb is
`flags english: french: subject [> object] [=> person]`; `~` marks a state (no progressive), `=` a state whose past is
the French imparfait. A French word with an asterisk begins with an aspirated h (no elision).

An English word has one translation and belongs to one entry: no noun looks like a verb, no past like a present
(`read` excepted, see `AMBIGUOUS_PAST`). That is what makes the translation of a sentence unique.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import english, french


@dataclass(frozen=True, slots=True, eq=False)
class Noun:
    """`en` and `fr` hold singular and plural. `woman` is the noun of a woman who has this profession, if another."""

    en: tuple[str, str]
    fr: tuple[str, str]
    feminine: bool
    kind: str
    woman: Noun | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Adjective:
    """`fr` holds the four agreements; `noun_first` is where French puts it: un chat noir, un petit chat."""

    en: str
    fr: tuple[str, str, str, str]
    noun_first: bool = True
    more: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Verb:
    """A verb and what it goes with: the classes of its subject and its object, and whether somebody may receive it.

    `preposition` is what French puts before the object (téléphoner *à*), `complement` the noun of avoir *besoin* de.
    """

    en: english.EnglishVerb
    fr: french.FrenchVerb
    preposition: str
    subject: str
    object: str
    receiver: bool
    complement: str
    state: bool
    imperfect: bool


# ---------------------------------------------------------------------------------------------------------------
# Nouns
# ---------------------------------------------------------------------------------------------------------------

NOUNS = {
    "profession": """
        doctor: médecin, teacher: professeur, baker: boulanger/boulangère, butcher: boucher/bouchère,
        farmer: fermier/fermière, gardener: jardinier/jardinière, singer: chanteur/chanteuse, dancer: danseur/danseuse,
        writer: écrivain, painter: peintre mf, musician: musicien/musicienne, lawyer: avocat/avocate, judge: juge mf,
        engineer: ingénieur, architect: architecte mf, journalist: journaliste mf, dentist: dentiste mf,
        secretary: secrétaire mf, nurse: infirmier/infirmière, pilot: pilote mf, soldier: soldat, sailor: marin,
        hunter: chasseur/chasseuse, hairdresser: coiffeur/coiffeuse, mechanic: mécanicien/mécanicienne,
        electrician: électricien/électricienne, plumber: plombier/plombière, student: étudiant/étudiante,
        pupil: élève mf, scientist: scientifique mf, translator: traducteur/traductrice, cook: cuisinier/cuisinière,
        director: directeur/directrice, accountant: comptable mf, librarian: bibliothécaire mf,
        pharmacist: pharmacien/pharmacienne, surgeon: chirurgien/chirurgienne, photographer: photographe mf,
        philosopher: philosophe mf, historian: historien/historienne, artist: artiste mf, worker: ouvrier/ouvrière,
        seller: vendeur/vendeuse, magician: magicien/magicienne, clown: clown, spy: espion/espionne
    """,
    "people": """
        man/men: homme, woman/women: femme f, child/children: enfant, boy: garçon, girl: fille f, baby: bébé,
        friend: ami, neighbor: voisin, king: roi, queen: reine f, prince: prince, princess: princesse f,
        knight: chevalier, hero/heroes: *héros, heroine: héroïne f, actor: acteur, actress: actrice f, waiter: serveur,
        waitress: serveuse f, postman/postmen: facteur, fisherman/fishermen: pêcheur, guest: invité, customer: client,
        tourist: touriste, traveler: voyageur, stranger: inconnu, thief/thieves: voleur, witch: sorcière f,
        wizard: sorcier, giant: géant, dwarf: nain, colleague: collègue, player: joueur, president: président,
        mayor: maire, minister: ministre, captain: capitaine, lady: dame f, gentleman/gentlemen: monsieur,
        teenager: adolescent, orphan: orphelin, angel: ange, monster: monstre, ghost: fantôme, pirate: pirate,
        passenger: passager, enemy: ennemi, prisoner: prisonnier
    """,
    "family": """
        brother: frère, sister: sœur f, son: fils, daughter: fille f, aunt: tante f, uncle: oncle, cousin: cousin,
        nephew: neveu, niece: nièce f, grandson: petit-fils, granddaughter: petite-fille f
    """,
    "parent": """
        mother: mère f, father: père, grandfather: grand-père, grandmother: grand-mère f, husband: mari,
        wife/wives: femme f, godfather: parrain, godmother: marraine f, stepmother: belle-mère f
    """,
    "dog": "dog: chien, puppy: chiot",
    "cat": "cat: chat, kitten: chaton",
    "bird": """
        bird: oiseau, owl: *hibou, eagle: aigle, crow: corbeau, pigeon: pigeon, swan: cygne, parrot: perroquet,
        bee: abeille f, butterfly: papillon, mosquito/mosquitoes: moustique
    """,
    "animal": """
        horse: cheval, cow: vache f, pig: cochon, goat: chèvre f, hen: poule f, rooster: coq, duck: canard,
        goose/geese: oie f, rabbit: lapin, mouse/mice: souris f, rat: rat, lion: lion, tiger: tigre, bear: ours,
        wolf/wolves: loup, fox: renard, elephant: éléphant, monkey: singe, giraffe: girafe f, zebra: zèbre,
        camel: chameau, donkey: âne, snake: serpent, frog: grenouille f, turtle: tortue f, ant: fourmi f,
        spider: araignée f, squirrel: écureuil, hedgehog: *hérisson, hamster: *hamster, whale: baleine f,
        dolphin: dauphin, shark: requin, crocodile: crocodile, lamb: agneau, bull: taureau, calf/calves: veau,
        ostrich: autruche f, kangaroo: kangourou, lizard: lézard, snail: escargot, peacock: paon
    """,
    "drink": """
        water: eau f, milk: lait, coffee: café, tea: thé, wine: vin, beer: bière f, juice: jus, lemonade: limonade f,
        cider: cidre, champagne: champagne
    """,
    "food": """
        bread: pain, butter: beurre, cheese: fromage, meat: viande f, rice: riz, honey: miel, jam: confiture f,
        fish: poisson, chicken: poulet, ham: jambon, chocolate: chocolat, cream: crème f, soup: soupe f,
        salad: salade f, yogurt: *yaourt, ice cream: glace f, pork: porc, beef: bœuf, corn: maïs, salmon: saumon,
        tuna: thon
    """,
    "ingredient": """
        sugar: sucre, salt: sel, flour: farine f, oil: huile f, pepper: poivre, garlic: ail, mustard: moutarde f,
        vinegar: vinaigre, parsley: persil, cinnamon: cannelle f
    """,
    "fruit": """
        apple: pomme f, pear: poire f, banana: banane f, orange: orange f, lemon: citron, cherry: cerise f,
        strawberry: fraise f, raspberry: framboise f, peach: pêche f, apricot: abricot, plum: prune f, melon: melon,
        pineapple: ananas, tomato/tomatoes: tomate f, potato/potatoes: pomme de terre f, carrot: carotte f,
        onion: oignon, bean: *haricot, mushroom: champignon, cucumber: concombre, cabbage: chou, leek: poireau,
        pumpkin: citrouille f, avocado: avocat, nut: noix f, olive: olive f, almond: amande f, turnip: navet,
        radish: radis, eggplant: aubergine f, artichoke: artichaut, fig: figue f, mango/mangoes: mangue f
    """,
    "dish": """
        egg: œuf, cake: gâteau, pie: tarte f, cookie: biscuit, candy: bonbon, sandwich: sandwich, sausage: saucisse f,
        pancake: crêpe f, lobster: *homard, oyster: huître f, croissant: croissant, omelet: omelette f
    """,
    "text": """
        book: livre, letter: lettre f, newspaper: journal, magazine: magazine, novel: roman, poem: poème,
        story: histoire f, article: article, report: rapport, dictionary: dictionnaire, message: message,
        postcard: carte postale f, manual: manuel, contract: contrat, recipe: recette f, tale: conte, legend: légende f,
        biography: biographie f, sentence: phrase f, word: mot, chapter: chapitre, page: page f, fable: fable f,
        law: loi f
    """,
    "show": """
        movie: film, concert: concert, performance: spectacle, parade: défilé, race: course f,
        documentary: documentaire, cartoon: dessin animé, ballet: ballet, opera: opéra
    """,
    "thing": """
        key: clé f, pen: stylo, pencil: crayon, glass: verre, cup: tasse f, plate: assiette f, knife/knives: couteau,
        fork: fourchette f, spoon: cuillère f, bowl: bol, lamp: lampe f, candle: bougie f, mirror: miroir,
        umbrella: parapluie, wallet: portefeuille, ball: balle f, balloon: ballon, doll: poupée f, toy: jouet,
        gift: cadeau, ticket: billet, stamp: timbre, notebook: cahier, map: carte f, photo: photo f, picture: image f,
        hammer: marteau, screwdriver: tournevis, nail: clou, rope: corde f, broom: balai, bucket: seau,
        brush: brosse f, comb: peigne, soap: savon, towel: serviette f, toothbrush: brosse à dents f, pillow: oreiller,
        blanket: couverture f, sheet: drap, vase: vase, jewel: bijou, ring: bague f, necklace: collier, coin: pièce f,
        stone: pierre f, pebble: caillou, stick: bâton, sword: épée f, shield: bouclier, arrow: flèche f,
        flag: drapeau, bell: cloche f, pot: casserole f, pan: poêle f, tray: plateau, needle: aiguille f,
        button: bouton, tool: outil, medal: médaille f, crown: couronne f, treasure: trésor, kite: cerf-volant,
        axe: *hache f, chain: chaîne f, shell: coquillage, feather: plume f, puzzle: puzzle, eraser: gomme f,
        ruler: règle f, calendar: calendrier, passport: passeport, diploma: diplôme, tablecloth: nappe f,
        teapot: théière f, kettle: bouilloire f
    """,
    "machine": """
        computer: ordinateur, telephone: téléphone, television: télévision f, radio: radio f, screen: écran,
        keyboard: clavier, clock: horloge f, engine: moteur, machine: machine f, wheel: roue f, camera: appareil photo,
        printer: imprimante f, heater: radiateur
    """,
    "clothes": """
        shirt: chemise f, dress: robe f, skirt: jupe f, coat: manteau, jacket: veste f, hat: chapeau, cap: casquette f,
        shoe: chaussure f, boot: botte f, sock: chaussette f, glove: gant, scarf/scarves: écharpe f, tie: cravate f,
        belt: ceinture f, sweater: pull, raincoat: imperméable, suit: costume, uniform: uniforme, apron: tablier,
        slipper: pantoufle f, sandal: sandale f, blouse: chemisier, swimsuit: maillot de bain
    """,
    "furniture": """
        table: table f, chair: chaise f, bed: lit, armchair: fauteuil, sofa: canapé, desk: bureau,
        shelf/shelves: étagère f, bench: banc, stool: tabouret, carpet: tapis, dresser: commode f
    """,
    "opening": "door: porte f, window: fenêtre f, gate: portail, curtain: rideau, oven: four",
    "fixture": """
        wall: mur, roof: toit, ceiling: plafond, staircase: escalier, fireplace: cheminée f, sink: évier,
        bathtub: baignoire f, fence: clôture f, statue: statue f, ladder: échelle f
    """,
    "container": """
        box: boîte f, bag: sac, basket: panier, suitcase: valise f, drawer: tiroir, wardrobe: armoire f,
        cupboard: placard, fridge: réfrigérateur, chest: coffre, envelope: enveloppe f, bottle: bouteille f, jar: bocal,
        barrel: tonneau
    """,
    "vehicle": """
        car: voiture f, bus: autobus, train: train, plane: avion, boat: bateau, ship: navire, bicycle: vélo,
        motorcycle: moto f, truck: camion, taxi: taxi, tram: tramway, helicopter: hélicoptère, rocket: fusée f,
        tractor: tracteur, cart: charrette f, ambulance: ambulance f
    """,
    "plant": """
        tree: arbre, flower: fleur f, rose: rose f, tulip: tulipe f, sunflower: tournesol, oak: chêne, bush: buisson,
        plant: plante f, branch: branche f, daisy: marguerite f, violet: violette f
    """,
    "nature": """
        star: étoile f, cloud: nuage, rock: rocher, wave: vague f, nest: nid, volcano/volcanoes: volcan,
        planet: planète f, rainbow: arc-en-ciel, storm: tempête f
    """,
    "waters": "river: rivière f, lake: lac, ocean: océan, pond: étang, waterfall: cascade f",
    "sky": "sun: soleil, moon: lune f, sky: ciel, sea: mer f",
    "body": """
        eye: œil, hand: main f, foot/feet: pied, head: tête f, arm: bras, leg: jambe f, nose: nez, mouth: bouche f,
        ear: oreille f, tooth/teeth: dent f, finger: doigt, knee: genou, shoulder: épaule f, neck: cou, face: visage,
        heart: cœur, cheek: joue f, elbow: coude, thumb: pouce
    """,
    "idea": """
        idea: idée f, problem: problème, question: question f, reply: réponse f, secret: secret, truth: vérité f,
        name: nom, plan: projet, reason: raison f, solution: solution f, rule: règle f, method: méthode f,
        decision: décision f, mistake: erreur f, lesson: leçon f, exercise: exercice, language: langue f,
        number: nombre, price: prix, address: adresse f, danger: danger, accident: accident, event: événement,
        journey: voyage, joke: blague f, theory: théorie f, proof: preuve f, job: travail
    """,
    "sound": "song: chanson f, noise: bruit, melody: mélodie f, voice: voix f, conversation: conversation f",
    "abstract": "hatred: *haine f, music: musique f, peace: paix f, war: guerre f, art: art, freedom: liberté f",
    "instrument": """
        piano: piano, guitar: guitare f, violin: violon, flute: flûte f, drum: tambour, trumpet: trompette f,
        harp: *harpe f, accordion: accordéon, organ: orgue, clarinet: clarinette f
    """,
    "game": "tennis: tennis, soccer: football, rugby: rugby, golf: golf, hockey: *hockey, badminton: badminton",
    "at": """
        market: marché, station: gare f, airport: aéroport, school: école f, university: université f,
        office: bureau, hospital: hôpital, theater: théâtre, cinema: cinéma, museum: musée, restaurant: restaurant,
        library: bibliothèque f, pool: piscine f, hotel: hôtel, church: église f, bank: banque f,
        post office: bureau de poste, pharmacy: pharmacie f, beach: plage f, zoo: zoo, stadium: stade,
        supermarket: supermarché, bakery: boulangerie f, castle: château, factory: usine f, farm: ferme f,
        bookstore: librairie f, harbor: port, circus: cirque, embassy: ambassade f, party: fête f
    """,
    "in": """
        garden: jardin, kitchen: cuisine f, bedroom: chambre f, room: pièce f, street: rue f, forest: forêt f,
        park: parc, village: village, city: ville f, field: champ, cave: grotte f, cellar: cave f, attic: grenier,
        bathroom: salle de bains f, lounge: salon, hallway: couloir, courtyard: cour f, garage: garage,
        house: maison f, apartment: appartement, prison: prison f, palace: palais, tower: tour f, valley: vallée f,
        desert: désert, classroom: salle de classe f, workshop: atelier, shop: magasin, tunnel: tunnel,
        cabin: cabane f, country: pays, temple: temple, laboratory: laboratoire, tent: tente f
    """,
    "on": """
        bridge: pont, hill: colline f, mountain: montagne f, island: île f, road: route f, path: chemin,
        balcony: balcon, terrace: terrasse f, square: place f, sidewalk: trottoir
    """,
}
MASS = frozenset({"drink", "food", "ingredient", "abstract", "game"})
NO_PLURAL = MASS | {"parent", "sky"}

# ---------------------------------------------------------------------------------------------------------------
# What goes with what
# ---------------------------------------------------------------------------------------------------------------

HUMAN = ("profession", "people", "family", "parent")
ANIMALS = ("dog", "cat", "bird", "animal")
PORTABLE = ("thing", "text", "clothes")
PLACES = ("at", "in", "on")
OBJECTS = (*PORTABLE, "machine", "furniture", "opening", "fixture", "container", "vehicle", "instrument", "plant")

GROUPS: dict[str, tuple[str, ...]] = {
    "human": HUMAN,
    "being": HUMAN + ANIMALS,
    "animal": ANIMALS,
    "concrete": HUMAN + ANIMALS + OBJECTS + PLACES + ("nature", "waters", "body"),
    "visible": (*HUMAN, *ANIMALS, *OBJECTS, *PLACES, "nature", "waters", "body", "sky"),
    "anything": (*HUMAN, *ANIMALS, *OBJECTS, *PLACES, "nature", "waters", "body", "sky", "idea", "sound", "show"),
    "portable": PORTABLE,
    "object": OBJECTS,
    "goods": (*OBJECTS, "animal", "food", "drink", "fruit", "dish", "ingredient"),
    "edible": ("food", "fruit", "dish"),
    "tasty": ("food", "fruit", "dish", "drink"),
    "loved": (*HUMAN, *ANIMALS, "food", "drink", "fruit", "dish", "text", "show", "abstract", "game", "clothes", "in"),
    "cookable": ("food", "fruit", "dish"),
    "mind": ("idea", "text"),
    "known": (*HUMAN, "in", "idea", "text"),
    "audible": ("sound", "show"),
    "heard": ("sound", "being"),
    "built": ("fixture", "in", "at", "bridge"),
    "place": PLACES,
    "repairable": ("machine", "vehicle", "furniture", "opening", "fixture"),
    "washable": ("clothes", "vehicle", "opening", "container"),
    "opened": ("opening", "container"),
    "picked": ("plant",),
    "used": ("thing", "machine"),
    "falling": (*HUMAN, *ANIMALS, *PORTABLE),
    "shining": ("sky", "jewelry"),
}

# ---------------------------------------------------------------------------------------------------------------
# Verbs
# ---------------------------------------------------------------------------------------------------------------

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
    lie/lied/lying: mentir: human
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

# Small classes of nouns named in VERBS that cut across the tables above.
HANDPICKED = {
    "song": "song melody",
    "conversation": "conversation",
    "jewelry": "star lamp candle crown jewel ring medal",
    "bridge": "bridge",
    "breakable": "glass cup plate bowl lamp mirror umbrella doll toy pencil vase stick teapot window door chair table "
    "clock camera ruler bottle jar",
    "decorated": "room bedroom lounge house apartment cake tree table shop restaurant wall",
    "room": "kitchen bedroom room bathroom lounge house apartment garage cellar attic shop classroom workshop cabin "
    "tent museum church hotel restaurant castle bank",
    "visited": "museum castle zoo factory farm church palace tower city village country island cave temple prison "
    "house garden apartment",
    "crossed": "street bridge road river forest field square garden park desert valley city village ocean",
    "learned": "song poem language lesson word rule method sentence",
    "signed": "contract letter report law book postcard",
    "thrown": "ball balloon stone pebble stick arrow hat",
    "question": "question letter message",
    "gift": "gift",
    "cart": "cart",
    "driven": "car bus train truck taxi tram tractor ambulance",
    "folded": "shirt sheet blanket towel tablecloth letter map sweater newspaper",
    "prize": "race medal gift",
    "problem": "problem",
    "begun": "lesson exercise novel book letter article report journey poem chapter",
    "said": "word sentence question lesson name reply",
    "told": "story joke tale legend fable secret",
}

AMBIGUOUS_PAST = frozenset({"read"})

# ---------------------------------------------------------------------------------------------------------------
# Adjectives: by what they are said of. A leading ^ puts it before the noun in French; a leading + marks -er/-ier.
# ---------------------------------------------------------------------------------------------------------------

ADJECTIVES = {
    "general": """
        ^+small: petit, ^+old: vieux, ^beautiful: beau, ^+pretty: joli, strange: étrange, ^bad: mauvais, ^good: bon,
        magnificent: magnifique, ordinary: ordinaire, +ugly: laid
    """,
    "size": "^+big: grand, ^new: nouveau, huge: énorme, tiny: minuscule",
    "color": """
        +black: noir, +white: blanc, +red: rouge, +green: vert, +blue: bleu, yellow: jaune, gray: gris, brown: marron,
        pink: rose, purple: violet
    """,
    "human": """
        ^+young: jeune, +tall: grand, +happy: heureux, +sad: triste, tired: fatigué, +angry: fâché, +rich: riche,
        +poor: pauvre, intelligent: intelligent, stupid: stupide, +kind: gentil, +brave: courageux, shy: timide,
        +proud: fier, jealous: jaloux, curious: curieux, famous: célèbre, honest: honnête, polite: poli,
        +lazy: paresseux, serious: sérieux, nervous: nerveux, +strong: fort, +weak: faible, +sick: malade,
        blind: aveugle, deaf: sourd, +crazy: fou, +calm: calme, worried: inquiet, +busy: occupé,
        elegant: élégant, generous: généreux, selfish: égoïste, stubborn: têtu, +cruel: cruel, loyal: fidèle,
        modest: modeste, silent: silencieux, ambitious: ambitieux, +lonely: solitaire, careful: prudent,
        bald: chauve, blond: blond, disappointed: déçu, satisfied: satisfait
    """,
    "nationality": """
        french: français, english: anglais, american: américain, italian: italien, german: allemand,
        spanish: espagnol, russian: russe, chinese: chinois, japanese: japonais, canadian: canadien, belgian: belge,
        greek: grec, portuguese: portugais, dutch: *hollandais
    """,
    "animal": """
        wild: sauvage, +fierce: féroce, +gentle: doux, +fast: rapide, +slow: lent, dangerous: dangereux, ^+fat: gros,
        clever: rusé, nimble: agile
    """,
    "thing": """
        +heavy: lourd, +light: léger, broken: cassé, +dirty: sale, expensive: cher, useful: utile, useless: inutile,
        round: rond, flat: plat, fragile: fragile, solid: solide, rare: rare, precious: précieux, +shiny: brillant,
        wet: mouillé, +dry: sec, +hard: dur, +soft: mou, +thick: épais, +thin: mince, +short: court, ^+long: long,
        modern: moderne
    """,
    "material": "golden: doré, wooden: en bois, plastic: en plastique",
    "cloth": "comfortable: confortable, leather: en cuir, woolen: en laine",
    "state": """
        ready: prêt, asleep: endormi, awake: réveillé, alone: seul, late: en retard, absent: absent, glad: content,
        furious: furieux
    """,
    "food": """
        +sweet: sucré, +salty: salé, bitter: amer, delicious: délicieux, +fresh: frais, +hot: chaud, +cold: froid,
        excellent: excellent, +spicy: épicé, +tasty: savoureux
    """,
    "drink": "icy: glacé",
    "waters": "+deep: profond, polluted: pollué",
    "fruit": "ripe: mûr, raw: cru, rotten: pourri",
    "place": """
        ^vast: vaste, +noisy: bruyant, quiet: tranquille, empty: vide, +dark: sombre, +bright: lumineux, public: public,
        private: privé, royal: royal, medieval: médiéval, +wide: large, +narrow: étroit, ^+high: *haut,
        mysterious: mystérieux
    """,
    "idea": """
        interesting: intéressant, boring: ennuyeux, +funny: drôle, +easy: facile, difficult: difficile,
        important: important, +simple: simple, complicated: compliqué, impossible: impossible, possible: possible,
        +clear: clair, original: original, absurd: absurde, false: faux, terrible: terrible, necessary: nécessaire
    """,
}
ADJECTIVES_OF: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("profession", "people"), ("general", "human", "human", "human", "nationality")),
    **dict.fromkeys(("family", "parent"), ("human", "human", "human", "nationality")),
    **dict.fromkeys(ANIMALS, ("general", "size", "color", "animal", "animal")),
    **dict.fromkeys(("food", "ingredient"), ("food",)),
    "drink": ("beverage", "beverage", "drink"),
    "dish": ("general", "food"),
    "fruit": ("general", "juicy", "fruit", "fruit", "color"),
    **dict.fromkeys(("text", "show"), ("general", "size", "idea", "idea", "nationality")),
    **dict.fromkeys(("thing", "furniture", "container"), ("general", "size", "color", "thing", "thing", "material")),
    "clothes": ("general", "size", "color", "color", "wearable", "wearable", "cloth"),
    **dict.fromkeys(("machine", "vehicle", "instrument", "fixture", "opening"), ("general", "size", "color", "thing")),
    **dict.fromkeys(("plant", "body"), ("looks", "color")),
    "nature": ("looks", "size"),
    "waters": ("looks", "waters", "watery", "size"),
    "sky": ("beauty",),
    "abstract": ("beauty",),
    "game": ("beauty",),
    **dict.fromkeys(("idea", "sound"), ("general", "size", "idea", "idea", "idea")),
    **dict.fromkeys(PLACES, ("general", "size", "place", "place", "place")),
}
INVARIABLE = frozenset({"marron", "en bois", "en plastique", "en cuir", "en laine", "en retard"})

# ---------------------------------------------------------------------------------------------------------------
# Names, places on the map, numbers
# ---------------------------------------------------------------------------------------------------------------


def words(text: str) -> list[str]:
    """A list of single words, written as one reads."""
    return text.split()


MEN = words("paul pierre jean antoine lucas nicolas arthur david simon robert olivier martin victor alain oscar marc")
WOMEN = words("marie alice anne julie sophie claire emma lucie isabelle laura charlotte jeanne louise sarah monique")
CITIES = {name: name for name in words("paris lyon berlin madrid tokyo toulouse rome oxford amsterdam")} | {
    "london": "londres",
    "brussels": "bruxelles",
    "geneva": "genève",
    "lisbon": "lisbonne",
    "venice": "venise",
}
# English name → where in French, where from.
COUNTRIES = {
    "france": ("en france", "de france"),
    "italy": ("en italie", "de italie"),
    "spain": ("en espagne", "de espagne"),
    "germany": ("en allemagne", "de allemagne"),
    "england": ("en angleterre", "de angleterre"),
    "russia": ("en russie", "de russie"),
    "belgium": ("en belgique", "de belgique"),
    "switzerland": ("en suisse", "de suisse"),
    "greece": ("en grèce", "de grèce"),
    "china": ("en chine", "de chine"),
    "sweden": ("en suède", "de suède"),
    "japan": ("au japon", "du japon"),
    "canada": ("au canada", "du canada"),
    "mexico": ("au mexique", "du mexique"),
    "brazil": ("au brésil", "du brésil"),
    "portugal": ("au portugal", "du portugal"),
}
NUMBERS = {
    "two": "deux",
    "three": "trois",
    "four": "quatre",
    "five": "cinq",
    "six": "six",
    "seven": "sept",
    "eight": "*huit",
    "nine": "neuf",
    "ten": "dix",
    "eleven": "*onze",
    "twelve": "douze",
    "thirteen": "treize",
    "fourteen": "quatorze",
    "fifteen": "quinze",
    "sixteen": "seize",
    "seventeen": "dix-sept",
    "eighteen": "dix-huit",
    "nineteen": "dix-neuf",
    "twenty": "vingt",
    "thirty": "trente",
    "forty": "quarante",
    "fifty": "cinquante",
    "sixty": "soixante",
}

# ---------------------------------------------------------------------------------------------------------------
# Adverbs and time
# ---------------------------------------------------------------------------------------------------------------

# Between subject and verb in English, after the conjugated verb in French; `True` where `not` may go with it.
MIDDLE = {
    "often": ("souvent", True),
    "always": ("toujours", True),
    "really": ("vraiment", True),
    "sometimes": ("parfois", False),
    "rarely": ("rarement", False),
    "also": ("aussi", False),
    "still": ("encore", False),
    "probably": ("probablement", False),
    "certainly": ("certainement", False),
    "generally": ("généralement", False),
}
MANNER = {
    "slowly": "lentement",
    "quickly": "rapidement",
    "gently": "doucement",
    "carefully": "soigneusement",
    "joyfully": "joyeusement",
    "sadly": "tristement",
    "politely": "poliment",
    "calmly": "calmement",
    "easily": "facilement",
    "patiently": "patiemment",
    "nervously": "nerveusement",
    "proudly": "fièrement",
    "silently": "silencieusement",
    "secretly": "secrètement",
    "seriously": "sérieusement",
    "bravely": "courageusement",
    "immediately": "immédiatement",
    "discreetly": "discrètement",
    "well": "bien",
    "badly": "mal",
}
WHERE = {
    "here": "ici",
    "there": "là-bas",
    "outside": "dehors",
    "upstairs": "en haut",
    "downstairs": "en bas",
    "everywhere": "partout",
    "together": "ensemble",
    "nearby": "tout près",
}
DEGREE = {
    "very": "très",
    "too": "trop",
    "so": "si",
    "quite": "assez",
    "rather": "plutôt",
    "extremely": "extrêmement",
    "particularly": "particulièrement",
}
SENTENCE = {
    "perhaps": "peut-être que",
    "suddenly": "soudain",
    "fortunately": "heureusement",
    "unfortunately": "malheureusement",
    "obviously": "évidemment",
}
PRESENT_TIME = {
    "now": "maintenant",
    "today": "aujourd'hui",
    "every day": "tous les jours",
    "every evening": "tous les soirs",
    "every morning": "tous les matins",
    "every week": "toutes les semaines",
    "every summer": "tous les étés",
    "on mondays": "le lundi",
    "on tuesdays": "le mardi",
    "on wednesdays": "le mercredi",
    "on thursdays": "le jeudi",
    "on fridays": "le vendredi",
    "on saturdays": "le samedi",
    "on sundays": "le dimanche",
    "in the morning": "le matin",
    "in the evening": "le soir",
    "in the afternoon": "l'après-midi",
    "at night": "la nuit",
    "in winter": "en hiver",
    "in summer": "en été",
    "in autumn": "en automne",
    "in spring": "au printemps",
}
PAST_TIME = {
    "yesterday": "hier",
    "this morning": "ce matin",
    "last week": "la semaine dernière",
    "last month": "le mois dernier",
    "last year": "l'année dernière",
    "last night": "la nuit dernière",
    "yesterday evening": "hier soir",
    "the day before yesterday": "avant-hier",
    "a long time ago": "il y a longtemps",
}
FUTURE_TIME = {
    "tomorrow": "demain",
    "soon": "bientôt",
    "tonight": "ce soir",
    "this afternoon": "cet après-midi",
    "next week": "la semaine prochaine",
    "next month": "le mois prochain",
    "next year": "l'année prochaine",
    "tomorrow morning": "demain matin",
    "the day after tomorrow": "après-demain",
    "one day": "un jour",
    "later": "plus tard",
}
MONTHS = {
    "january": "janvier",
    "february": "février",
    "april": "avril",
    "june": "juin",
    "july": "juillet",
    "august": "août",
    "september": "septembre",
    "october": "octobre",
    "november": "novembre",
    "december": "décembre",
}
DAYS = {
    "monday": "lundi",
    "tuesday": "mardi",
    "wednesday": "mercredi",
    "thursday": "jeudi",
    "friday": "vendredi",
    "saturday": "samedi",
    "sunday": "dimanche",
}
SPANS = {
    ("minute", "minutes"): ("minute", "minutes", True),
    ("hour", "hours"): ("heure", "heures", True),
    ("day", "days"): ("jour", "jours", False),
    ("week", "weeks"): ("semaine", "semaines", True),
    ("month", "months"): ("mois", "mois", False),
    ("year", "years"): ("an", "ans", False),
}
# to be + adjective in English, avoir + noun in French; `True` where "very" → "très" may be said.
AVOIR_STATES = {
    "hungry": "faim",
    "thirsty": "soif",
    "afraid": "peur",
    "sleepy": "sommeil",
    "right": "raison",
    "wrong": "tort",
}
NO_DEGREE = frozenset({"right", "wrong"})
WEATHER = {"rain": "pleuvoir", "snow": "neiger"}
# How an action begins: English verb before `to`, French verb and its preposition.
CONTROL = """
    ~=want to: vouloir
    try to: essayer de
    begin/began/beginning to: commencer à
    ~=hope to: espérer
    refuse to: refuser de
    decide to: décider de
    learn to: apprendre à
    ~=like to: aimer
    ~=love to: adorer
    ~=hate to: détester
    ~=prefer/preferred/preferring to: préférer
    forget/forgot/forgetting to: oublier de
    promise to: promettre de
    continue to: continuer à
    manage to: réussir à
    ~=need to: avoir besoin de
    hesitate to: hésiter à
    dare to: oser
    agree to: accepter de
"""
# Matrix verbs of `that` clauses, said in the present only.
THAT = {"think": "penser", "believe": "croire", "say": "dire", "hope": "espérer"}
MEASURES = {
    "drink": {
        ("glass", "glasses"): ("verre", "verres", False),
        ("cup", "cups"): ("tasse", "tasses", True),
        ("bottle", "bottles"): ("bouteille", "bouteilles", True),
        ("liter", "liters"): ("litre", "litres", False),
    },
    "food": {
        ("piece", "pieces"): ("morceau", "morceaux", False),
        ("kilo", "kilos"): ("kilo", "kilos", False),
        ("plate", "plates"): ("assiette", "assiettes", True),
    },
}


# ---------------------------------------------------------------------------------------------------------------
# Reading the tables
# ---------------------------------------------------------------------------------------------------------------


def _entries(text: str) -> list[tuple[str, str]]:
    pairs = (entry.strip().partition(": ") for entry in text.replace("\n", " ").split(","))
    return [(en.strip(), fr.strip()) for en, _, fr in pairs if en]


def _noun(en: str, fr: str, kind: str) -> Noun:
    singular, _, irregular = en.partition("/")
    names = (singular, irregular or english.plural(singular))
    if fr.endswith(" mf"):
        fr = fr.removesuffix(" mf")
        man, woman = fr, fr
    else:
        is_feminine = fr.endswith(" f")
        man, _, woman = fr.removesuffix(" f").partition("/")
        if not woman:
            return Noun(names, (man, french.plural(man)), is_feminine, kind)
    twin = Noun(names, (woman, french.plural(woman)), True, kind)
    return Noun(names, (man, french.plural(man)), False, kind, twin)


def _adjective(en: str, fr: str) -> Adjective:
    name = en.lstrip("^+")
    marks = en.removesuffix(name)
    forms = (fr,) * 4 if fr in INVARIABLE else french.agree(fr)
    return Adjective(name, forms, "^" not in marks, english.comparative(name) if "+" in marks else f"more {name}")


def _verbs(text: str) -> list[Verb]:
    read = []
    for line in text.strip().splitlines():
        en, fr, frame = (part.strip() for part in (*line.split(":"), "")[:3])
        flags = en[: len(en) - len(en.lstrip("~="))]
        words = fr.split(" ")
        preposition = ""
        if len(words) > 1 and words[-1] in ("à", "de", "dans"):
            preposition = words.pop()
        complement = words.pop() if words[-1] == "besoin" else ""
        frame, _, receiver = frame.partition(" => ")
        subject, _, target = frame.partition(" > ")
        read.append(
            Verb(
                en=english.verb(en.lstrip("~=")),
                fr=french.conjugate(" ".join(words)),
                complement=complement,
                preposition=preposition,
                subject=subject,
                object=target,
                receiver=bool(receiver),
                state="~" in flags,
                imperfect="=" in flags,
            )
        )
    return read


ALL_NOUNS: list[Noun] = [_noun(en, fr, kind) for kind, text in NOUNS.items() for en, fr in _entries(text)]
BY_NAME: dict[str, Noun] = {noun.en[0]: noun for noun in ALL_NOUNS}
BY_KIND: dict[str, list[Noun]] = {kind: [noun for noun in ALL_NOUNS if noun.kind == kind] for kind in NOUNS}
BY_KIND |= {name: [BY_NAME[word] for word in words.split()] for name, words in HANDPICKED.items()}
ADJECTIVE_LISTS = {kind: [_adjective(en, fr) for en, fr in _entries(text)] for kind, text in ADJECTIVES.items()}
ADJECTIVE_BY_NAME = {adjective.en: adjective for listed in ADJECTIVE_LISTS.values() for adjective in listed}
ADJECTIVE_LISTS |= {
    name: [ADJECTIVE_BY_NAME[word] for word in words.split()]
    for name, words in {
        "beauty": "beautiful magnificent strange",
        "looks": "small old beautiful pretty strange magnificent ugly",
        "watery": "dangerous calm wide cold quiet",
        "beverage": "delicious cold hot excellent bitter sweet",
        "juicy": "delicious fresh excellent bitter sweet tasty",
        "wearable": "dirty wet dry expensive thick thin short long light heavy soft",
    }.items()
}
ALL_VERBS = _verbs(VERBS)
ALL_CONTROL = _verbs(CONTROL)
