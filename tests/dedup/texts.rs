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
    Story {
        slug: "parom",
        title: "Старый паром на Белой реке снова возит пассажиров и велосипеды",
        other_title: "Как жители двух берегов починили судно своими руками",
        text: "Паром, который простоял у причала девять лет, в субботу утром снова вышел на середину Белой реки, и его встречали жители обоих берегов.\nСудно списали, когда выше по течению построили мост, но дорога до моста занимает почти час, а школа и больница стоят на разных берегах. Механик Семён Лаврентьев собрал двигатель из трёх старых тракторов, плотники заменили палубу, а дети покрасили перила в жёлтый цвет.\nПлату за проезд решили не брать: каждый кладёт в жестяную банку столько, сколько считает нужным. В первый день в банке нашли деньги, две пуговицы и письмо с благодарностью от учительницы музыки.",
    },
    Story {
        slug: "qanat",
        title: "قرية جبلية تعيد فتح قناة الماء القديمة بعد أربعين عاما من الجفاف",
        other_title: "كيف أنقذ كبار السن بساتين الرمان من العطش",
        text: "عاد الماء إلى بساتين القرية الجبلية بعد أن نجح السكان في تنظيف القناة القديمة التي حفرها أجدادهم تحت الصخور قبل قرون طويلة.\nكانت القناة قد انسدت بالطين والحجارة حين رحل الشباب إلى المدينة بحثا عن العمل، ولم يبق من يعرف طريقها سوى ثلاثة شيوخ. رسم هؤلاء خريطة من الذاكرة، ونزل المتطوعون بالحبال والمصابيح، وأخرجوا التراب في سلال من القش يوما بعد يوم.\nوقالت معلمة القرية إن أول ما فعله الأطفال عند وصول الماء هو أنهم وضعوا فيه قوارب من ورق، ثم ركضوا خلفها حتى آخر شجرة في الوادي.",
    },
    Story {
        slug: "talat",
        title: "ตลาดน้ำเก่าแก่ริมคลองกลับมาเปิดอีกครั้งหลังปิดไปสิบปี",
        other_title: "แม่ค้าพายเรือรุ่นหลานสานต่อสูตรขนมของคุณยาย",
        text: "ตลาดน้ำเล็กๆ ริมคลองสายเก่ากลับมาคึกคักอีกครั้งเมื่อเช้าวันเสาร์ หลังจากเรือลำสุดท้ายหายไปจากท่าเมื่อสิบปีก่อน\nชาวบ้านช่วยกันขุดลอกคลอง ซ่อมสะพานไม้ และตามหาเรือพายที่ถูกทิ้งไว้ใต้ถุนบ้าน หญิงสาวคนหนึ่งนำสูตรขนมของคุณยายกลับมาทำขายจนหมดก่อนเที่ยง ส่วนช่างไม้ประจำหมู่บ้านเปิดสอนเด็กๆ ให้ต่อเรือลำเล็กจากไม้ไผ่\nผู้เฒ่าที่นั่งดูอยู่หน้าศาลาเล่าว่าเสียงไม้พายกระทบน้ำทำให้นึกถึงวันที่ยังไม่มีถนน และหวังว่าคลองจะไม่เงียบอีก",
    },
    Story {
        slug: "chuan",
        title: "老船匠在湖边教孩子们用手工造木船",
        other_title: "一门快要失传的手艺找到了新的学徒",
        text: "在湖边的旧仓库里，一位七旬老船匠每到周末就教附近的孩子们怎样用斧头和刨子造一条真正的木船。\n他说自己年轻时村里有几十个船匠，后来大家都改用铁壳船，木匠们便进城去做家具了。去年冬天他在朋友家门口看见几个孩子用泡沫板拼小船，便把自己的工具箱搬了出来。孩子们先学会认木头，再学会听声音，哪块木板里有裂缝，轻轻一敲就知道。\n第一条船在春天下水，船身有点歪，却没有漏水。老人坐在船尾笑着说，这条船比他当年造的第一条要好得多。",
    },
];

/// A text in which names (@) and figures (#) are filled in.
pub struct Form {
    pub title: &'static str,
    pub names: &'static [&'static str],
    pub text: &'static str,
}

pub const FORMS: &[Form] = &[
    Form {
        title: "Прогноз погоды: @",
        names: &["Казань", "Тверь", "Псков"],
        text: "<p>В городе @ сегодня ожидается переменная облачность без существенных осадков. Температура воздуха днём составит # градусов, ночью # градусов, ветер западный, # метров в секунду. Атмосферное давление # миллиметров. Спасатели просят водителей соблюдать осторожность на дорогах и не оставлять детей без присмотра у воды.</p>",
    },
    Form {
        title: "@股份今日收盘播报",
        names: &["长江", "北湖", "南山"],
        text: "<p>@股份今日开盘报#元，盘中最高#元，最低#元，截至收盘报#元，全天成交#万手，换手率为百分之#。分析人士认为短期走势仍取决于市场整体情绪，投资者应当注意风险，理性判断，本文由程序根据公开数据自动生成，不构成任何投资建议。</p>",
    },
    Form {
        title: "حالة الطقس في @",
        names: &["حلب", "تونس", "صنعاء"],
        text: "<p>تتوقع هيئة الأرصاد أن يكون الطقس في @ اليوم معتدلا مع رياح خفيفة إلى متوسطة السرعة، وتبلغ درجة الحرارة العظمى # درجة والصغرى # درجة، وتصل سرعة الرياح إلى # كيلومترا في الساعة. وتنصح الهيئة السائقين بالحذر على الطرق السريعة ومتابعة النشرات الجوية التي تصدر كل ست ساعات.</p>",
    },
    Form {
        title: "พยากรณ์อากาศ @",
        names: &["เชียงใหม่", "สงขลา", "ขอนแก่น"],
        text: "<p>พยากรณ์อากาศสำหรับ @ ในวันนี้ ท้องฟ้ามีเมฆบางส่วน อุณหภูมิสูงสุด # องศา ต่ำสุด # องศา ลมตะวันตกความเร็ว # กิโลเมตรต่อชั่วโมง ขอให้ประชาชนดูแลสุขภาพและติดตามประกาศของกรมอุตุนิยมวิทยาอย่างใกล้ชิดตลอดทั้งวัน</p>",
    },
    Form {
        title: "Verkehrsunfall in @: Polizei sucht Zeugen",
        names: &["Oberkirch", "Lauterbach", "Neustetten"],
        text: "<p>Bei einem Verkehrsunfall in @ sind am Nachmittag # Personen leicht verletzt worden. Nach Angaben der Polizei hatte der #-jährige Fahrer eines Kleintransporters beim Abbiegen die Vorfahrt missachtet. Die Landesstraße # war für # Minuten gesperrt. Der Sachschaden wird auf # Tausend Euro geschätzt. Zeugen werden gebeten, sich bei der Verkehrspolizeiinspektion zu melden.</p>",
    },
];

/// Stories by slug, told again in another language: headline and text.
pub const TRANSLATIONS: &[(&str, &str, &str)] = &[
    (
        "bruecke",
        "Village of Hochfeld buys back its old open-air pool and opens it again",
        "For ten years the pool of Hochfeld was closed; now the village has bought it back and repaired it with its own hands.\nAn investor had wanted to build a hotel there and then lost interest. The neighbours brought tiles, pumps and patience, and the first children jumped in on Saturday.",
    ),
    (
        "lighthouse",
        "Dorf kauft seinen Leuchtturm für eine Krone und ein Versprechen",
        "Das Dorf Ostvik hat der Marine seinen Leuchtturm für eine Krone abgekauft und versprochen, das Licht brennen zu lassen, solange jemand zur See fährt.\nDie Schiffe brauchen ihn nicht mehr, hatte die Marine erklärt und wollte ihn abreißen lassen.",
    ),
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

// Pieces of sentences: one of each makes a sentence that hardly any other one shares.
pub const WHO: &[&str] = &[
    "A tailor from Vennby",
    "Six pensioners",
    "The night porter",
    "An amateur botanist",
    "Our youngest councillor",
    "The ferryman's widow",
    "A choir of postmen",
    "Two rival bakeries",
    "The school's caretaker",
    "Someone called Dagmar",
    "A travelling optician",
    "The fire brigade",
    "Every second household",
    "A former goalkeeper",
    "The sexton of Lund",
    "Three apprentices",
];
pub const DOES: &[&str] = &[
    "quietly painted over",
    "would rather not discuss",
    "has taken apart and numbered",
    "sold at a loss",
    "measured twice with string",
    "carried up the stairs",
    "found behind a cupboard",
    "refuses to give back",
    "keeps in a bathtub",
    "photographs each dawn",
    "wrapped in old sails",
    "insured for one penny",
    "buried under snow",
    "lent to strangers",
    "dreamt of mending",
    "wound backwards for luck",
];
pub const WHAT: &[&str] = &[
    "the brass weathercock",
    "a map of drains",
    "nine crates of marbles",
    "the mayor's umbrella",
    "an unfinished harpsichord",
    "somebody's wedding cake",
    "the only left-hand loom",
    "forty metres of hedge",
    "a barometer without glass",
    "its entire stock of buttons",
    "the stuffed pike",
    "a deed signed in green",
    "the slowest lift in town",
    "a parrot's cage",
    "several borrowed ladders",
    "the organ's deepest pipe",
];
pub const WHERE: &[&str] = &[
    "behind the tannery",
    "on platform four",
    "beneath the vicarage floor",
    "along the dyke",
    "in full view of gulls",
    "next to a closed cinema",
    "outside the laundry",
    "where trams used to turn",
    "at the edge of Moorfield",
    "inside an empty silo",
    "between two allotments",
    "opposite the courthouse",
    "under a leaking awning",
    "among the beehives",
    "above the pharmacy",
    "upstream of everyone",
];
pub const WHY: &[&str] = &[
    "since nobody had asked first.",
    "to settle an ancient bet.",
    "because winters are long here.",
    "as the almanac advised.",
    "while auditors looked elsewhere.",
    "for want of a better plan.",
    "after reading one pamphlet.",
    "so that cats may pass.",
    "in memory of an aunt.",
    "until further notice, he says.",
    "despite three polite letters.",
    "and charges for looking.",
    "with help from a mule.",
    "which surprised no neighbour.",
    "against all municipal rules.",
    "before breakfast, as usual.",
];
