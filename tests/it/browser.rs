//! What a browser makes of our pages where every field of every feed is an attack: nothing of
//! it runs, nothing of it is fetched, and the pages fit a small screen.
//!
//! Headless Chromium is driven over a pipe (its DevTools protocol, NUL-terminated JSON). Each
//! page is looked at twice: with its Content-Security-Policy, and without, because what the
//! sanitizer and the templates let through must be harmless by itself.

use std::{
    collections::VecDeque,
    fmt::Write as _,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc,
};

use serde_json::{Value, json};

use crate::{
    origin::{Answer, Origin},
    world::{PATIENCE, World, has_tool},
};

/// The daemon's address, as its config has it; the browser is told where that is.
pub const RIVER: &str = "http://river.example.org";

/// Widths of a small telephone and of a desk, in CSS pixels.
pub const WIDTHS: [u32; 2] = [360, 1280];

#[test]
fn nothing_that_a_feed_says_runs_in_a_browser_or_widens_a_page() {
    if !has_tool("chromium") {
        return;
    }
    let (world, origin) = besieged();
    world.ok(&["fetch"]);
    let daemon = world.daemon();
    let mut browser = Browser::start(&world, daemon.address.port());
    sees_what_is_wrong(&mut browser);

    let mut pages: Vec<String> = ["/", "/status", "/search?q=pelican"].map(String::from).to_vec();
    pages.extend(PAYLOADS.iter().map(|payload| {
        let words: String = url::form_urlencoded::byte_serialize(payload.as_bytes()).collect();
        format!("/search?q={words}")
    }));
    let articles = world.json(&["articles", "--json"]);
    let articles = articles.as_array().unwrap();
    assert_eq!(articles.len(), FORMATS * ATTACKS, "each attack is an article");
    pages.extend(
        articles.iter().map(|article| format!("/article/{}", article["slug"].as_str().unwrap())),
    );
    let all: Vec<String> = {
        // Every page of the river.
        let rivers = (0..).scan(Some("/".to_owned()), |next, _| {
            let page = next.take()?;
            *next = older(&daemon.get(&page).text());
            Some(page)
        });
        rivers.skip(1).chain(pages).collect()
    };
    assert!(all.len() > articles.len() + PAYLOADS.len() + 3, "the river has several pages");

    // What the policy forbids shows as errors; a sample is enough for those.
    for (guarded, step) in [(false, 1), (true, 4)] {
        browser.guard(guarded);
        for (nth, page) in all.iter().enumerate().step_by(step) {
            browser.width(WIDTHS[0]);
            let faults = browser.look_at(&format!("{RIVER}{page}"));
            assert!(faults.is_empty(), "{page}, guarded by its policy: {guarded}: {faults:#?}");
            if nth % 20 == 0 {
                browser.width(WIDTHS[1]);
                let wide = browser.evaluate(OVERFLOW);
                assert_eq!(wide, 0, "{page} is too wide at {}", WIDTHS[1]);
            }
        }
    }
    browser.close();
    let asked: Vec<String> = origin.asked().into_iter().map(|asked| asked.target).collect();
    let canaries: Vec<_> = asked.iter().filter(|target| target.contains("canary")).collect();
    assert!(canaries.is_empty(), "{canaries:?}");
    daemon.stop();
}

/// The watch itself: a page that is as bad as can be is seen to be so.
fn sees_what_is_wrong(browser: &mut Browser) {
    let bad = Origin::start();
    bad.on("/bad", Answer::ok(BAD).header("Content-Type", "text/html"));
    bad.on("/canary", Answer::ok("found"));
    browser.width(WIDTHS[0]);
    let faults = browser.look_at(&bad.url("/bad")).join("\n");
    for fault in [
        "a script ran",
        "too wide",
        "element: <script",
        "attribute: ",
        "scheme: ",
        "/canary",
        "consoleAPI",
    ] {
        assert!(faults.contains(fault), "{fault} is not among:\n{faults}");
    }
}

const BAD: &str = "<!doctype html><meta name=viewport content='width=device-width'>\
    <script>canary = 1; console.error(1)</script><p style='width:2000px'>wide</p>\
    <a href='javascript:1'>x</a><iframe src='/canary'></iframe>";

/// The link to the river's next page.
fn older(page: &str) -> Option<String> {
    let before = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let link = before.into_iter().find(|href| href.contains("before="))?;
    let query = link.split_once('?')?.1.replace("&amp;", "&");
    Some(format!("/?{query}"))
}

/// What a page must not have, whoever put it there; one line each.
const FAULTS: &str = r#"(() => {
  const faults = [];
  const say = (what, node) => faults.push(what + ': ' + node.outerHTML.slice(0, 300));
  if (window.canary) faults.push('a script ran');
  for (const node of document.querySelectorAll('*')) {
    const name = node.localName;
    // Our own chart of a feed's polls.
    const chart = location.pathname === '/status' && /^(svg|path|rect)$/.test(name) && node.closest('svg.chart');
    if (!chart && ['script', 'iframe', 'frame', 'object', 'embed', 'applet', 'base', 'style', 'template',
         'portal', 'dialog', 'math', 'svg', 'noscript', 'textarea', 'marquee'].includes(name)) say('element', node);
    if (!chart && node.namespaceURI !== 'http://www.w3.org/1999/xhtml') say('namespace', node);
    if (name === 'form' && node.getAttribute('role') !== 'search' && !node.closest('main')) say('form', node);
    if (name === 'meta' && /refresh/i.test(node.httpEquiv)) say('refresh', node);
    if (name === 'link' && !/^(stylesheet|icon|alternate|canonical|search|prev|next|self)$/.test(node.rel)) say('link', node);
    for (const { name: key, value } of node.attributes) {
      if (/^on/i.test(key) || ['style', 'srcdoc', 'formaction', 'background', 'ping'].includes(key)) say('attribute', node);
      if (['href', 'src', 'action', 'poster', 'cite', 'data'].includes(key)) {
        const { protocol } = new URL(value, document.baseURI);
        if (!['http:', 'https:', 'mailto:'].includes(protocol) && !(name === 'img' && protocol === 'data:')) say('scheme', node);
      }
    }
    if (name === 'form' && new URL(node.action).host !== location.host) say('form', node);
  }
  for (const sheet of document.styleSheets) {
    if (!sheet.href || new URL(sheet.href).host !== location.host) faults.push('a style of somebody else');
  }
  if (!document.styleSheets.length) faults.push('our own style is missing');
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) faults.push(`${wide} px too wide`);
  return faults;
})()"#;

/// By how many pixels the page is wider than its window.
const OVERFLOW: &str = "Math.max(0, document.documentElement.scrollWidth - innerWidth)";

/// Lets what is queued run: a frame, and a task after it.
const SETTLED: &str = "new Promise(done => requestAnimationFrame(() => setTimeout(done)))";

/// A Chromium of its own, with one tab.
pub struct Browser {
    child: Child,
    commands: ChildStdin,
    messages: mpsc::Receiver<Value>,
    /// Messages that came while something else was waited for.
    events: VecDeque<Value>,
    session: Option<String>,
    last: u64,
}

impl Browser {
    pub fn start(world: &World, port: u16) -> Self {
        let profile = world.folder().join("profile");
        let rules = format!(
            "--host-resolver-rules=MAP river.example.org 127.0.0.1:{port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
        );
        let mut child = Command::new("sh")
            // Its pipe has the numbers 3 and 4.
            .args(["-c", "exec chromium \"$@\" 3<&0 4>&1 </dev/null >/dev/null", "sh"])
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
            ])
            .arg("--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable")
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ])
            .args(["--disable-dev-shm-usage", "--remote-debugging-pipe", &rules])
            .arg(format!("--user-data-dir={}", profile.display()))
            .env("HOME", world.folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = mpsc::channel();
        std::thread::spawn(move || {
            for message in stdout.split(0).map_while(Result::ok) {
                let message = serde_json::from_slice(&message).unwrap();
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut browser =
            Self { child, commands, messages, events: VecDeque::new(), session: None, last: 0 };
        let tab = browser.ask("Target.createTarget", &json!({ "url": "about:blank" }));
        let tab = json!({ "targetId": tab["targetId"], "flatten": true });
        let attached = browser.ask("Target.attachToTarget", &tab);
        browser.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.ask(&format!("{domain}.enable"), &json!({}));
        }
        browser
    }

    /// With or without the pages' policy.
    fn guard(&mut self, guarded: bool) {
        self.ask("Page.setBypassCSP", &json!({ "enabled": !guarded }));
    }

    pub fn width(&mut self, width: u32) {
        let screen =
            json!({ "width": width, "height": 740, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.ask("Emulation.setDeviceMetricsOverride", &screen);
    }

    /// Opens a page, and tells what is wrong with it.
    pub fn look_at(&mut self, url: &str) -> Vec<String> {
        self.events.clear();
        let gone = self.ask("Page.navigate", &json!({ "url": url }));
        assert!(gone.get("errorText").is_none(), "{url}: {gone}");
        self.wait_for("Page.loadEventFired");
        self.evaluate(SETTLED);
        let found = self.evaluate(FAULTS);
        let mut faults: Vec<String> = serde_json::from_value(found).unwrap();
        faults.extend(self.events.iter().filter_map(|event| fault(event, url)));
        faults
    }

    pub fn evaluate(&mut self, script: &str) -> Value {
        let script = json!({ "expression": script, "returnByValue": true, "awaitPromise": true });
        let answer = self.ask("Runtime.evaluate", &script);
        assert!(answer.get("exceptionDetails").is_none(), "{answer:#}");
        answer["result"]["value"].clone()
    }

    pub fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        let mut command = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = &self.session {
            command["sessionId"] = json!(session);
        }
        self.commands.write_all(format!("{command}\0").as_bytes()).unwrap();
        loop {
            let message = self.message(method);
            if message["id"] == self.last {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
            self.events.push_back(message);
        }
    }

    fn wait_for(&mut self, event: &str) {
        if self.events.iter().any(|seen| seen["method"] == event) {
            return;
        }
        loop {
            let message = self.message(event);
            let is_it = message["method"] == event;
            self.events.push_back(message);
            if is_it {
                return;
            }
        }
    }

    fn message(&mut self, wanted: &str) -> Value {
        let message = self.messages.recv_timeout(PATIENCE);
        message.unwrap_or_else(|_| panic!("Chromium says nothing of {wanted}"))
    }

    pub fn close(mut self) {
        self.session = None;
        self.ask("Browser.close", &json!({}));
        self.child.wait().unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Fails where it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What an event tells against the page.
fn fault(event: &Value, page: &str) -> Option<String> {
    let params = &event["params"];
    let of_ours = |url: &str| url.strip_prefix(RIVER).is_some_and(|rest| rest.starts_with('/'));
    match event["method"].as_str()? {
        "Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Page.javascriptDialogOpening" => {
            Some(event.to_string())
        }
        "Log.entryAdded" => {
            let entry = &params["entry"];
            // A picture whose server does not answer is not the page's fault.
            let picture =
                entry["source"] == "network" && !of_ours(entry["url"].as_str().unwrap_or_default());
            // A search for hardly any word is answered with 400, and a page.
            let refused =
                entry["source"] == "network" && entry["url"] == page && page.contains("/search?");
            (entry["level"] == "error" && !picture && !refused).then(|| entry.to_string())
        }
        "Network.requestWillBeSent" => {
            let url = params["request"]["url"].as_str()?;
            let document = params["type"] == "Document" && url != page;
            // An article may have pictures from its publisher, by HTTPS; nothing else may go out.
            let picture = params["type"] == "Image" && url.starts_with("https://");
            let abroad = !picture && !of_ours(url) && !url.starts_with("data:image/");
            (abroad || document).then(|| format!("asked for {url}"))
        }
        "Page.frameAttached" | "Page.windowOpen" | "Page.downloadWillBegin" => {
            Some(event.to_string())
        }
        _ => None,
    }
}

/// Feeds whose every field is an attack; three formats, each attack an entry of its own.
pub fn besieged() -> (World, Origin) {
    let origin = Origin::start();
    let (canary, payloads) = (origin.url("/canary"), PAYLOADS);
    let attacks: Vec<String> = payloads
        .iter()
        .map(|payload| (*payload).to_owned())
        .chain(
            ADDRESSES
                .iter()
                .map(|address| format!("<a href=\"{address}\">x</a><img src=\"{address}\">")),
        )
        .enumerate()
        .map(|(nth, attack)| {
            attack
                .replace("{J}", &format!("window.canary=1;new Image().src='{canary}/run/{nth}'"))
                .replace("{U}", &format!("{canary}/load/{nth}"))
        })
        .collect();
    let addresses: Vec<String> = ADDRESSES
        .iter()
        .map(|address| {
            address
                .replace("{J}", &format!("window.canary=1;new Image().src='{canary}/run/a'"))
                .replace("{U}", &format!("{canary}/load/a"))
        })
        .collect();
    let address = |nth: usize| addresses[nth % addresses.len()].clone();

    let rss = Answer::ok(rss(&attacks, address)).header("Content-Type", "application/rss+xml");
    let atom = Answer::ok(atom(&attacks, address)).header("Content-Type", "application/atom+xml");
    let json =
        Answer::ok(json_feed(&attacks, address)).header("Content-Type", "application/feed+json");
    origin.on("/rss", rss).on("/atom", atom).on("/json", json);
    // A feed that fails shows its server's words on the status page.
    origin.on("/html", Answer::ok(attacks.concat()).header("Content-Type", "text/html"));
    origin.on("/error", Answer::new(500, attacks.concat()));
    let mut world = World::new().fetching("per_host = 4");
    for path in ["rss", "atom", "json", "html", "error"] {
        let url = origin.url(&format!("/{path}"));
        world = world.with(&format!("[[feed]]\nname = \"{path}\"\nurl = \"{url}\"\ndedup = false"));
    }
    (world, origin)
}

/// RSS, Atom, JSON Feed.
const FORMATS: usize = 3;
const ATTACKS: usize = PAYLOADS.len() + ADDRESSES.len();

fn escaped(text: &str) -> String {
    let signs = text.chars().filter(|sign| !sign.is_control() || *sign == '\n' || *sign == '\t');
    signs
        .collect::<String>()
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn rss(attacks: &[String], address: impl Fn(usize) -> String) -> String {
    let first = escaped(&attacks.concat());
    let mut text = format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel><title>{first}</title><link>{}</link>\
         <description>{first}</description><language>{first}</language><image><url>{}</url><title>{first}</title></image>",
        escaped(&address(0)),
        escaped(&address(1)),
    );
    for (nth, attack) in attacks.iter().enumerate() {
        let (attack, address) = (escaped(attack), escaped(&address(nth)));
        write!(
            text,
            "<item><title>{attack} pelican {nth}</title><link>{address}</link><guid isPermaLink=\"false\">{attack}{nth}</guid>\
             <description>{attack} pelican</description><content:encoded>{attack}&lt;p&gt;pelican&lt;/p&gt;{attack}</content:encoded>\
             <author>{attack}</author><dc:creator>{attack}</dc:creator><category domain=\"{attack}\">{attack}</category>\
             <comments>{address}</comments><enclosure url=\"{address}\" type=\"{attack}\" length=\"{attack}\"/>\
             <enclosure url=\"https://media.example.org/{attack}\" type=\"audio/mpeg\" length=\"1\"/>\
             <source url=\"{address}\">{attack}</source></item>"
        )
        .unwrap();
    }
    text + "</channel></rss>"
}

fn atom(attacks: &[String], address: impl Fn(usize) -> String) -> String {
    let first = escaped(&attacks.concat());
    let mut text = format!(
        "<?xml version=\"1.0\"?><feed xmlns=\"http://www.w3.org/2005/Atom\"><id>{first}</id><title type=\"html\">{first}</title>\
         <subtitle type=\"html\">{first}</subtitle><updated>2026-11-23T09:00:00Z</updated><link href=\"{}\"/><logo>{}</logo>",
        escaped(&address(0)),
        escaped(&address(1)),
    );
    for (nth, attack) in attacks.iter().enumerate() {
        let (attack, address) = (escaped(attack), escaped(&address(nth)));
        write!(
            text,
            "<entry xml:base=\"{address}\" xml:lang=\"{attack}\"><title type=\"html\">{attack} pelican {nth}</title>\
             <id>{attack}{nth}</id><updated>2026-11-22T09:00:00Z</updated><link href=\"{address}\" title=\"{attack}\"/>\
             <link rel=\"enclosure\" href=\"{address}\" type=\"{attack}\"/><link rel=\"replies\" href=\"{address}\"/>\
             <author><name>{attack}</name><uri>{address}</uri><email>{attack}</email></author>\
             <category term=\"{attack}\" label=\"{attack}\"/><summary type=\"html\">{attack}</summary>\
             <content type=\"html\">{attack}</content><source><id>{attack}</id><title type=\"html\">{attack}</title>\
             <link href=\"{address}\"/></source></entry>"
        )
        .unwrap();
    }
    text + "</feed>"
}

fn json_feed(attacks: &[String], address: impl Fn(usize) -> String) -> String {
    let items: Vec<Value> = attacks
        .iter()
        .enumerate()
        .map(|(nth, attack)| {
            let address = address(nth);
            json!({
                "id": format!("{attack}{nth}"), "url": address, "external_url": address,
                "title": format!("{attack} pelican {nth}"), "content_html": attack, "summary": attack,
                "image": address, "banner_image": address, "language": attack, "tags": [attack],
                "authors": [{ "name": attack, "url": address, "avatar": address }],
                "attachments": [{ "url": address, "mime_type": attack, "title": attack }],
            })
        })
        .collect();
    let first = attacks.concat();
    json!({
        "version": "https://jsonfeed.org/version/1.1", "title": first, "description": first,
        "home_page_url": address(0), "icon": address(1), "favicon": address(2), "items": items,
    })
    .to_string()
}

/// `{J}` is a script that tells the canary, `{U}` an address that does.
const PAYLOADS: [&str; 64] = [
    "<script>{J}</script>",
    "<ScRiPt >{J}</sCrIpT >",
    "<script src={U}></script>",
    "<script/src=\"{U}\"/>",
    "\"><script>{J}</script>",
    "'><script>{J}</script>",
    "</title><script>{J}</script>",
    "</textarea></style></noscript></template><script>{J}</script>",
    "--><script>{J}</script><!--",
    "]]><script>{J}</script>",
    "<<script>script>{J}</script>",
    "<scr<script>ipt>{J}</scr</script>ipt>",
    "&lt;script&gt;{J}&lt;/script&gt;",
    "&#60;script&#62;{J}&#60;/script&#62;",
    "<img src=x onerror=\"{J}\">",
    "<img src=x onerror={J}//",
    "<img/src=x/onerror=\"{J}\">",
    "<img src=\"x` `<script>{J}</script>\"` `>",
    "<img src=\"{U}\" srcset=\"{U} 2x\" onload=\"{J}\">",
    "\" onmouseover=\"{J}\" autofocus onfocus=\"{J}\" x=\"",
    "' onfocus='{J}' autofocus tabindex=1 x='",
    "<svg onload=\"{J}\">",
    "<svg><script>{J}</script></svg>",
    "<svg><a xlink:href=\"javascript:{J}\"><text y=20>x</text></a></svg>",
    "<svg><animate onbegin=\"{J}\" attributeName=x dur=1s></svg>",
    "<svg><foreignObject><iframe srcdoc=\"<script>{J}</script>\"></iframe></foreignObject></svg>",
    "<svg><use href=\"data:image/svg+xml,<svg id='x' onload='{J}'/>#x\"></svg>",
    "<svg></p><style><a id=\"</style><img src=1 onerror={J}>\">",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror={J}&gt;\">",
    "<math href=\"javascript:{J}\">x</math>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror={J}>",
    "<noscript><p title=\"</noscript><img src=x onerror={J}>\">",
    "<template><script>{J}</script></template>",
    "<template shadowrootmode=open><img src=x onerror={J}></template>",
    "<iframe src=\"{U}\"></iframe>",
    "<iframe src=\"javascript:parent.{J}\"></iframe>",
    "<iframe srcdoc=\"<script>parent.{J}</script>\"></iframe>",
    "<object data=\"{U}\"></object>",
    "<embed src=\"{U}\">",
    "<frameset><frame src=\"{U}\"></frameset>",
    "<base href=\"{U}/\"><img src=relative>",
    "<meta http-equiv=refresh content=\"0;url={U}\">",
    "<meta http-equiv=\"refresh\" content=\"0;url=javascript:{J}\">",
    "<link rel=stylesheet href=\"{U}\">",
    "<link rel=preload as=script href=\"{U}\"><link rel=prefetch href=\"{U}\">",
    "<style>@import url({U});body{background:url({U})}*{display:none}</style>",
    "<p style=\"background:url({U});position:fixed;inset:0;width:5000px\">x</p>",
    "<div style=\"width:expression({J})\">x</div>",
    "<form action=\"{U}\"><button autofocus formaction=\"javascript:{J}\">x</button></form>",
    "<input autofocus onfocus=\"{J}\"><select autofocus onfocus=\"{J}\"></select>",
    "<details open ontoggle=\"{J}\"><summary>x</summary></details>",
    "<video src=\"{U}\" poster=\"{U}\" autoplay onerror=\"{J}\"></video>",
    "<audio src=\"{U}\" autoplay onloadstart=\"{J}\"></audio>",
    "<video><source src=x onerror=\"{J}\"></video>",
    "<body onload=\"{J}\" onpageshow=\"{J}\" background=\"{U}\">",
    "<table background=\"{U}\"><td background=\"{U}\">x</td></table>",
    "<marquee onstart=\"{J}\">x</marquee>",
    "<p onanimationstart=\"{J}\" style=\"animation:x 1s\" id=canary name=canary>x</p>",
    "<a href=\"{U}\" ping=\"{U}\" target=_self download>x</a><dialog open>x</dialog>",
    "<xss contenteditable autofocus onfocus=\"{J}\">x</xss>",
    "<picture><source srcset=\"{U}\"><img src=\"{U}\"></picture>",
    "<pre>PPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPP</pre>",
    "<table><tr><td>WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW<td>WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW</table>",
    "{{constructor.constructor('{J}')()}}${{J}}<%= {J} %>\u{202e}tpircs\u{0}",
];

/// Addresses that are none.
const ADDRESSES: [&str; 12] = [
    "javascript:{J}",
    "JaVaScRiPt:{J}",
    " \u{1}javascript:{J}",
    "java\tscript:{J}",
    "java\nscript:{J}",
    "javascript&colon;{J}",
    "data:text/html,<script>{J}</script>",
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload=\"{J}\"/>",
    "vbscript:{J}",
    "https://example.org/\"onmouseover=\"{J}\" x=\"",
    "https://example.org/'><script>{J}</script>",
    "view-source:{U}",
];
