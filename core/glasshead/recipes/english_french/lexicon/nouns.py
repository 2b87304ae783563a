"""The nouns by class, and the classes that the verbs name."""

from __future__ import annotations

from .entries import Noun, read_entries, read_noun

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

ALL_NOUNS: list[Noun] = [read_noun(en, fr, kind) for kind, text in NOUNS.items() for en, fr in read_entries(text)]
BY_NAME: dict[str, Noun] = {entry.en[0]: entry for entry in ALL_NOUNS}
BY_KIND: dict[str, list[Noun]] = {kind: [entry for entry in ALL_NOUNS if entry.kind == kind] for kind in NOUNS}
BY_KIND |= {name: [BY_NAME[word] for word in words.split()] for name, words in HANDPICKED.items()}
