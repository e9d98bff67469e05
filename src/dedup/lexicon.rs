//! Small word lists, folded. They sharpen the rules where they know the language; without
//! them every word counts as telling, which makes titles count for a little more and forms
//! for a little less.

use std::sync::LazyLock;

use super::words::short_hash;

/// So common that it says nothing.
pub(super) const STOP: u8 = 1;
/// A number, a month, a day, a direction, a unit: what forms are filled in with.
pub(super) const NUMBER: u8 = 2;
/// Common in titles of series, releases and columns.
pub(super) const GENERIC: u8 = 4;

/// What the lists know of the word with this hash.
pub(super) fn facts(hash: u32) -> u8 {
    let mut slot = hash as usize % SLOTS;
    while let Some(&(listed, facts)) = LISTS.get(slot) {
        if listed == hash {
            return facts;
        }
        if facts == 0 {
            break;
        }
        slot = (slot + 1) % SLOTS;
    }
    0
}

/// An open hash table: one probe a word, where a search by letters would take many.
static LISTS: LazyLock<Vec<(u32, u8)>> = LazyLock::new(|| {
    let mut table = vec![(0, 0); SLOTS];
    for (words, fact) in [(STOPS, STOP), (NUMBERS, NUMBER), (GENERICS, GENERIC)] {
        for word in words.split_whitespace() {
            let hash = short_hash(word);
            let mut slot = hash as usize % SLOTS;
            while let Some(entry) = table.get_mut(slot) {
                if entry.1 == 0 || entry.0 == hash {
                    *entry = (hash, entry.1 | fact);
                    break;
                }
                slot = (slot + 1) % SLOTS;
            }
        }
    }
    table
});

/// Four times the number of listed words, so that most probes end at once.
const SLOTS: usize = 4_096;

// English, German, French, Spanish, Italian, Portuguese, Dutch, Scandinavian, Slavic (Latin
// script), Russian: a line or more each.
const STOPS: &str = "
    a an the and or but nor so yet if then than that this these those there here of to in on
    at by for from with without into onto over under about after before between during
    through against as is are was were be been being am do does did done has have had having
    will would shall should can could may might must not no it its he him his she her hers
    they them their theirs we us our ours you your yours i me my mine who whom whose which
    what when where why how all any both each few more most other some such only own same
    too very just also again once up down out off s t re ve ll d m says said say new
    der die das den dem des ein eine einen einem einer eines und oder aber nicht ist sind
    war waren wird werden wurde hat haben hatte von vom zu zum zur im ins auf aus bei mit
    nach seit uber unter vor fur durch gegen ohne um als wie wenn dass es er sie wir ihr ich
    sich auch nur noch schon mehr
    le la les l un une du de et ou mais ne pas est sont etait au aux en dans sur sous avec
    sans pour par plus que qui quoi dont ce cet cette ces il elle ils elles nous vous se sa
    son ses leur leurs y
    el los las una unos unas o pero fue del al con sin por para su sus lo mas como
    gli uno e ma non di della dei delle da dal nel nella per tra fra che si alla
    os uma nao dos em na nos nas com sem ao
    het een maar niet zijn van te naar op met voor door bij uit om dat dit deze ook
    och att det som ett pa av med till ar har inte og til af ikke
    v z je k u po za od pro jak ze nie jest
    и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по от о из
    ему для до это при или ее их мы
    的 了 是 在 和 有 不 也 就 都 而 及 与 與 着 或 把 被 从 對 对 这 那 其 之
";

const NUMBERS: &str = "
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
    fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy
    eighty ninety hundred thousand million billion trillion half third quarter first second
    fourth fifth sixth seventh eighth ninth tenth dozen mln bln pct percent cts nil
    monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun
    january february march april may june july august september october november december
    jan feb mar apr jun jul aug sep sept oct nov dec
    north south east west northern southern eastern western northeast northwest southeast
    southwest
    eins zwei drei vier funf sechs sieben acht neun zehn elf zwolf hundert tausend millionen
    milliarde milliarden montag dienstag mittwoch donnerstag freitag samstag sonntag januar
    februar marz mai juni juli oktober dezember
    un deux trois quatre cinq huit neuf dix onze douze cent mille lundi mardi mercredi jeudi
    vendredi samedi dimanche janvier fevrier mars avril juin juillet aout septembre octobre
    novembre decembre
    uno dos tres cuatro cinco seis siete ocho nueve diez cien mil lunes martes miercoles
    jueves viernes sabado domingo enero febrero marzo abril mayo junio julio agosto
    septiembre octubre noviembre diciembre
    due tre quattro cinque sei sette otto nove dieci cento lunedi martedi mercoledi giovedi
    venerdi sabato domenica
    один два три четыре пять шесть семь восемь девять десять сто тысяч миллион понедельник
    вторник среда четверг пятница суббота воскресенье января февраля марта апреля мая июня
    июля августа сентября октября ноября декабря
    一 二 三 四 五 六 七 八 九 十 百 千 万 萬 億 亿 零 〇 両 两 半 月 日 年
";

const GENERICS: &str = "
    episode ep weekly daily monthly yearly annual links link update updates updated news
    newsletter edition issue issues number no vol volume part chapter release released
    releases version versions changelog notes note roundup round recap review reviews
    summary digest report reports briefing bulletin today tomorrow yesterday tonight week
    weekend month year day days morning evening night live latest blog post posts podcast
    show photo photos picture pictures video videos quote quotes comment comments open
    thread announcement announcements welcome hello intro introduction test untitled home
    page index weather forecast market markets close stocks shares crossword puzzle
    horoscope obituary obituaries letters letter editorial opinion column cartoon schedule
    calendar agenda minutes meeting results result scores score standings fixtures tv radio
    alert alerts warning warnings status incident maintenance scheduled outage security
    advisory advisories fix fixes bug bugs bugfix hotfix patch patches stable beta alpha rc
    final draft wip misc various random assorted things reading list lists reads read
    favorites favourites thoughts diary journal log logs
    folge ausgabe woche tag tage monat jahr heute gestern morgen wochenende nachrichten
    ruckblick uberblick newsticker wetter
    numero semaine jour jours mois annee aujourdhui hier demain actualites meteo
    semana dia dias mes hoy ayer noticias
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_word_is_known_and_another_is_not() {
        assert_eq!(facts(short_hash("the")), STOP);
        assert_eq!(facts(short_hash("monday")), NUMBER);
        assert_eq!(facts(short_hash("weekly")), GENERIC);
        assert_eq!(facts(short_hash("merganser")), 0);
    }

    #[test]
    fn every_listed_word_is_found() {
        for (words, fact) in [(STOPS, STOP), (NUMBERS, NUMBER), (GENERICS, GENERIC)] {
            for word in words.split_whitespace() {
                assert!(facts(short_hash(word)) & fact != 0, "{word}");
            }
        }
    }

    #[test]
    fn the_table_is_at_most_half_full() {
        assert!(LISTS.iter().filter(|entry| entry.1 != 0).count() < SLOTS / 2);
    }
}
