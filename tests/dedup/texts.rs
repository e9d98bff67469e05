//! Stories of our own, written for this benchmark.

/// A story: its headline, another headline for it, and its text, a paragraph a line.
pub struct Story {
    pub slug: &'static str,
    pub title: &'static str,
    pub other_title: &'static str,
    pub text: &'static str,
}

pub const STORIES: &[Story] = &[
    Story {
        slug: "bridge",
        title: "Old river bridge at Marlow Ferry closed after crack found",
        other_title: "Drivers face weeks of detours as engineers inspect arches",
        text: "Workers have closed the old stone bridge at Marlow Ferry after a crack was found in its third arch, the county council said.\nDrivers have to take the long way round by the dam until engineers have looked at every stone, which may last for several weeks. Shopkeepers on the far bank fear for their trade, since most of their customers come over the water on foot or by bicycle.\n\"Nobody wants to close a bridge in the middle of summer, but nobody wants to read about an accident either,\" said Ingrid Falk, who leads the roads department. A ferry that last ran in her grandfather's days may be brought back for the school run, if somebody with a licence can be found to steer it.\nThe bridge was built by masons who had come to work on the cathedral and stayed for the wine. It has been flooded eleven times, shelled once, and painted, by mistake, only on one side.",
    },
    Story {
        slug: "bees",
        title: "City rooftops turn out to be better for bees than meadows",
        other_title: "Beekeepers count their summer honey between chimneys",
        text: "Hives on office roofs gave almost twice as much honey last year as hives in the open country, a survey by the beekeepers' union shows.\nThe reason is the lime trees. While farmers mow their meadows before anything has flowered, the avenues of the capital bloom one after another from April to July, and nobody sprays them. Winters are milder between heated houses, too.\n\"I used to drive an hour to my bees, and now I take the lift,\" said Tomas Brandl, an accountant who keeps nine colonies above his desk. His colleagues have stopped complaining since every one of them gets a jar at Christmas.\nScientists warn that rooftops are no cure. Wild bees, which live alone and in the ground, find nothing to dig in among tar and gravel, and they suffer when too many honey bees empty the flowers around them.",
    },
    Story {
        slug: "archive",
        title: "Forgotten film reels show the harbour strike day by day",
        other_title: "What a projectionist kept in his cellar for half a century",
        text: "Nineteen reels of film that had lain in a cellar since the war show the great harbour strike from its first morning to its last, the national archive said on opening them.\nThe man who shot them worked as a projectionist and borrowed the camera of his cinema every night after the last show. He filmed soup kitchens, speeches, a wedding on a crane, and the police band that refused to play.\nHistorians had known the strike only from newspapers that took the side of the owners. \"Suddenly they have faces, and most of them are laughing,\" said Odile Renard of the archive, who has watched all six hours twice.\nThe reels will be shown in the same cinema, which is a supermarket now, on a sheet between the freezers. Anybody who recognises a grandparent is asked to raise a hand.",
    },
    Story {
        slug: "ferry-app",
        title: "Ferry company drops its app and prints timetables again",
        other_title: "Paper returns to the islands after a costly experiment",
        text: "After three years and four million crowns the island ferry company has given up its ticket app and gone back to paper.\nToo many passengers had stood on the pier without a signal while the boat left, the company admits in its yearly report. Others had bought tickets for harbours that the app had invented by joining two names into one.\nThe new timetable fits on a postcard and hangs in every shop. Captain Signe Holm says that she again knows by sight who is travelling, and waits for those who are always late. \"The computer never waited for old Mrs Lind, and she is the reason why we have a ferry at all.\"\nThe programmers have been kept. They look after the engines now, which are also run by software, and which so far have not invented anything.",
    },
    Story {
        slug: "glacier",
        title: "Glacier gives back a mail plane lost for seventy years",
        other_title: "Letters from the ice finally reach their addressees",
        text: "A mountain guide has found the wreck of a mail plane that vanished in a snowstorm seventy years ago, together with most of the letters that it carried.\nThe machine came out at the foot of the glacier, a mile below the place where it must have hit the ridge. Its two pilots had been found by a search party at the time, but the sacks had sunk into the snow and were given up.\nThe post office has decided to deliver what can still be read. Of some three hundred envelopes about forty have an address that exists, and in seven cases somebody of the same name lives there.\n\"It is a bill, and I am not going to pay it,\" said Luca Pedretti, who got a letter to his grandfather. Others were luckier: one woman learnt that her parents had meant to call her Aurora.",
    },
    Story {
        slug: "chess",
        title: "Twelve-year-old beats the champion while waiting for a bus",
        other_title: "A chess lesson at the terminal nobody will forget",
        text: "A schoolgirl who had missed her bus beat the national chess champion in twenty-six moves at a stand in the central station.\nGrandmaster Viktor Anselm was playing forty travellers at once to raise money for a hospice when Mira Okafor put down her satchel and asked whether a board was free. She gave up a rook on the ninth move, and he thought for eleven minutes, which is longer than he had spent on all the other boards together.\nHe shook her hand, asked where she trained, and learnt that she had never been in a club. She plays against her uncle in another country, one move a day, by postcard.\nThe federation has invited her to its summer school. Her mother would like her to do her homework first, and to catch the bus.",
    },
    Story {
        slug: "salt",
        title: "Salt mine becomes the quietest concert hall of the province",
        other_title: "Cellists go underground where no train can be heard",
        text: "Eight hundred metres below the vineyards an orchestra has recorded the first album ever made in a working salt mine.\nSound engineers had looked for a room without any hum for years. Studios in the city tremble whenever a tram goes by, and even churches have their pigeons. In the mine there is nothing, says conductor Paula Wendt, but one's own heart, which disturbs only in the slow movements.\nThe instruments did not like the dry air at first. Two cellos cracked, and the harp had to be tuned after each piece, since the strings drank what moisture they could get from the players' breath.\nMiners of the night shift were the only audience. They clapped with their gloves on, which the engineer kept, because it sounds, he says, like snow falling off a roof.",
    },
    Story {
        slug: "compiler",
        title: "How we made our compiler forget less between two builds",
        other_title: "Incremental builds without the usual regrets",
        text: "Every build tool promises to do only what is necessary, and nearly every one does too much, because it does not trust its own memory.\nOurs kept one hash for each source file. A changed comment was a changed file, and everything that had ever looked at it was made again. The obvious remedy is to hash what the parser understood instead of what the author wrote, and it fails on the first macro.\nWhat worked in the end was to record questions rather than answers. A module asks the type of a function, the length of a constant, the existence of a name; we write down each question with the reply it got. On the next run we ask again, in the same order, and stop at the first reply that differs.\nThe table of questions is larger than the program. It compresses to almost nothing, since most modules ask the same few things, and so far it has never been wrong where the old hashes were right.",
    },
    Story {
        slug: "lighthouse",
        title: "Village buys its lighthouse for one crown and a promise",
        other_title: "Keeping the lamp lit when the navy no longer wants to",
        text: "The village of Ostvik has bought its lighthouse from the navy for one crown, and has promised to keep the lamp burning for as long as anybody goes to sea.\nShips do not need it any more, the navy had argued: they find their way by satellite. Fishermen answered that satellites had not yet pulled anyone out of the water, while the keeper's wife had done so five times.\nThe lamp uses as much current as a toaster. What costs money is the tower, which loses a little of its paint with every storm and must be whitewashed by somebody hanging on a rope. The parish choir has offered to do it, and to sing meanwhile.\nIn the keeper's kitchen there will be a bakery. Bread, says the mayor, is visible from farther away than any light, if the wind is right.",
    },
    Story {
        slug: "seeds",
        title: "Prison garden saves forty kinds of beans from extinction",
        other_title: "Inmates send heirloom vegetables back to the farms",
        text: "Forty kinds of beans that no seed merchant sells any more have survived in the garden of a prison, botanists from the university have found.\nAn inmate had begun the collection with a handful that his mother sent him in a letter. The guards, who thought that it was a code, had them germinated by the police laboratory, and when nothing worse than leaves appeared he was given a bed behind the laundry.\nWhoever is released takes a bag along and sends some seeds back in autumn. In that way varieties have come from valleys whose farms were given up long ago: a black one that cooks in ten minutes, a striped one that climbs to the third storey.\n\"Nobody here is in a hurry, and that is what plants like,\" says the chaplain, Father Emeka Obi, who keeps the list. It is in pencil, since much has to be corrected.",
    },
    Story {
        slug: "bruecke",
        title: "Gemeinde Hochfeld kauft ihr altes Freibad zurück und öffnet es wieder",
        other_title: "Warum nach zehn Jahren Pause wieder geschwommen wird",
        text: "Zehn Jahre lang war das Freibad von Hochfeld geschlossen, nun hat die Gemeinde es zurückgekauft und mit eigenen Händen instand gesetzt.\nEin Investor hatte dort ein Hotel bauen wollen und dann das Interesse verloren, als sich unter dem Sprungturm eine Quelle fand. Seither wuchsen Birken aus den Fugen, und im Becken laichten Kröten, die vor dem Füllen einzeln in einen Teich getragen werden mussten.\nDie Kacheln hat eine stillgelegte Molkerei gespendet, weshalb auf mancher noch ein Kuhkopf zu sehen ist. Bademeisterin Renate Obermoser, die schon früher dort pfiff, sagt, das Wasser sei kälter geworden, oder sie älter.\nDer Eintritt ist frei für alle, die eine Schicht an der Kasse übernehmen. Bisher gibt es deshalb mehr Kassierer als Gäste, aber der Sommer hat ja erst angefangen.",
    },
    Story {
        slug: "tosho",
        title: "山あいの小さな図書館が深夜の利用者に開放される",
        other_title: "眠れない人のための本棚、村で話題に",
        text: "山あいの村にある小さな図書館が、今月から夜通し開いている。眠れない人が本を読みに来られるようにと、司書の女性が自分で鍵を村人に配り始めたのがきっかけだ。\n初めは電気代を心配する声もあったが、夜中に灯りがついていると道に迷った登山者が助かると分かり、役場も費用を出すことになった。貸し出しの記録は帳面に鉛筆で書く。\n利用者の多くは年配の人だが、受験を控えた学生や、牛の出産を待つ農家も来る。静かに話してよい机と、話してはいけない机がある。\n朝になると誰かがみそ汁を作る。本を読み終えた人も、途中の人も、同じ椀で飲んで帰るという。",
    },
];

/// Short texts that are about nothing else in this file.
pub const NOTES: &[&str] = &[
    "The council of Eastbrook has put off its vote on the new swimming hall, because the plans had been drawn for another town of the same name.",
    "A lorry full of plums has overturned on the road to the coast, and hundreds of people came with buckets before the police could close it.",
    "Two museums that had quarrelled about a painted door for thirty years will show it in turns, each of them one side.",
    "The weather station on Cold Hill has measured nothing for a week, and its observer asks whoever took the thermometer to read it once a day.",
    "A retired baker has walked round the whole country with a cart of sourdough, and says that it rose best in the north.",
    "Pupils of the village school have counted every owl in the valley and found that there are more than the ministry believes.",
    "The theatre has cancelled its season, after the roof let in more rain than the sprinklers would have, and lends its seats to the cinema.",
    "An engineer has rebuilt the first lift of the town hall from the drawings of its inventor, who had forgotten a way to stop it.",
    "The orchard society has named a pear after its treasurer, who does not eat pears, and a plum after the plumber who mended its press.",
    "Divers have found the bell of the drowned chapel, and put it back, since the fishermen steer by its sound at low water.",
    "The last typewriter shop of the capital has moved into a larger house, because students like to write where nothing blinks.",
    "A goat that had been elected honorary mayor has resigned, its owner told the paper, for reasons of appetite.",
];

/// A remark in a script without spaces.
pub const REMARK: &str = "先週この話を友人から聞いたときは、正直に言って信じられなかった。    うちの町にも似た場所があればいいのにと思いながら、雨の中を駅まで歩いた。";
