//! `restock report`: one page, complete, self-contained, true to the comparison, and safe whatever the names say.

use super::*;

/// What every report has.
const SECTIONS: [&str; 10] =
    ["replay", "comparison", "stock", "recovery", "score", "bullwhip", "products", "learning", "quality", "manifest"];

/// Elements that have no end.
const VOID: [&str; 3] = ["meta", "input", "br"];

/// Checks that every element that begins ends, in order, and that attributes are quoted; returns all tags.
fn tags(page: &str) -> Vec<String> {
    let (mut open, mut found) = (Vec::new(), Vec::new());
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let end = rest.find('>').unwrap_or_else(|| panic!("a tag without end: {:.80}", rest));
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        assert!(!tag.contains('<'), "a tag within a tag: {tag}");
        found.push(tag.to_owned());
        let name = tag.split([' ', '\n', '/']).find(|part| !part.is_empty()).unwrap_or("").to_lowercase();
        if tag.starts_with('!') || VOID.contains(&name.as_str()) || tag.ends_with('/') {
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "a quote without its other: {tag}");
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_deref(), Some(name.as_str()), "ends in the wrong order at {rest:.60}");
            continue;
        }
        // What stands in these is no markup.
        if ["script", "style"].contains(&name.as_str()) {
            let close = format!("</{name}>");
            rest = &rest[rest.find(&close).expect("ends") + close.len()..];
            continue;
        }
        open.push(name);
    }
    assert_eq!(open, Vec::<String>::new(), "elements without end");
    found
}

/// What stands in the element with this id.
fn content<'a>(page: &'a str, id: &str) -> &'a str {
    let at = page.find(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no element is called {id}"));
    let rest = &page[at..];
    let start = rest.find('>').expect("the tag ends") + 1;
    &rest[start..start + rest[start..].find("</").expect("the element ends")]
}

fn data(page: &str) -> Value {
    serde_json::from_str(content(page, "report-data")).expect("the page's data are JSON")
}

/// The replay, inflated again.
fn replay(page: &str) -> Value {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits = content(page, "replay-data").trim().as_bytes();
    let mut bytes = Vec::new();
    for four in digits.chunks(4) {
        let word = four.iter().fold(0u32, |word, &c| (word << 6) | if c == b'=' { 0 } else { u32::from(digit(c)) });
        let padding = four.iter().filter(|&&c| c == b'=').count();
        bytes.extend_from_slice(&word.to_be_bytes()[1..4 - padding]);
    }
    let json = miniz_oxide::inflate::decompress_to_vec(&bytes).expect("the replay inflates");
    serde_json::from_slice(&json).expect("the replay is JSON")
}

#[test]
fn a_report_is_one_page_that_asks_the_network_for_nothing() {
    let place = Workplace::with_run();
    let ended = place.restock("report run --html page.html -q").expect(OK);
    assert!(ended.stdout.starts_with("wrote page.html: ") && ended.stderr.is_empty(), "{ended}");
    let page = place.read("page.html");
    let tags = tags(&page);
    for id in SECTIONS {
        assert!(tags.iter().any(|tag| tag.starts_with(&format!("section id=\"{id}\""))), "no section {id}");
        assert!(page.contains(&format!("href=\"#{id}\"")), "the top does not lead to {id}");
    }
    assert!(!page.to_lowercase().contains("http:") && !page.to_lowercase().contains("https:"));
    assert!(page.contains("default-src 'none'"));
    for tag in &tags {
        let forbidden = [" src=", " srcset=", " action=", " onclick=", " onload=", " onerror=", " style="];
        assert!(forbidden.iter().all(|attribute| !tag.contains(attribute)), "{tag}");
        assert!(!tag.starts_with("link") && !tag.starts_with("img") && !tag.starts_with("iframe"), "{tag}");
        assert!(!tag.contains("href=") || tag.contains("href=\"#"), "{tag}");
    }
    let elsewhere = page.match_indices("url(").filter(|(at, _)| !page[*at..].starts_with("url(#"));
    assert_eq!(elsewhere.count(), 0, "something is loaded from elsewhere");
    assert!(!page.contains("@import") && page.len() < 1_000_000, "{} bytes", page.len());
    assert!(!page.replace(content(&page, "replay-data"), "").contains("NaN"));
    // Every drawing can be heard, and its numbers read.
    let drawings: Vec<_> = tags.iter().filter(|tag| tag.starts_with("svg") && tag.contains("role=\"img\"")).collect();
    assert!(drawings.len() >= 15 && drawings.iter().all(|tag| tag.contains("aria-label=\"")), "{drawings:?}");
    assert_eq!(page.matches("<desc>").count(), drawings.len() + 1, "each drawing and the map are described");
}

#[test]
fn a_report_says_what_the_comparison_says() {
    let place = Workplace::with_run();
    let compared = place.restock("compare run --replicas 2 --tune-looks 6 --tune-paths 1 --json -q").expect(OK).json();
    let reported = place.restock("report run --json -q").expect(OK).json();
    assert_eq!(reported["format"], "restock-report/1");
    let page = place.read("run/report.html");
    assert_eq!(data(&page), reported, "the page holds what is printed");
    let policies = compared["policies"].as_array().expect("a list");
    assert_eq!(reported["results"]["policies"].as_array().map(Vec::len), Some(policies.len()));
    for (shown, found) in reported["results"]["policies"].as_array().into_iter().flatten().zip(policies) {
        for key in ["policy", "digest"] {
            assert_eq!(shown[key], found[key], "{key}");
        }
        for key in ["total_cost", "total_cost_ci95", "delivery_rate", "inventory_turnover", "hyperscore", "v"] {
            let [shown, found] = [shown, found].map(|policy| policy[key].as_f64().expect("a number"));
            // To the last digits, which are lost where JSON is read and written again.
            assert!((shown - found).abs() <= 1e-12 * found.abs(), "{key}: {shown} is not {found}");
        }
        // And so does what is drawn and tabled.
        let rate = format!("{:.1} %", 100.0 * found["delivery_rate"].as_f64().expect("a number"));
        let cost = restock_trainer::command::table::thousands(found["total_cost"].as_f64().expect("a number"));
        assert!(page.contains(&format!("<td>{rate}</td>")) && page.contains(&format!("{cost} ±")), "{rate} {cost}");
    }
    // The curves are of the same days: the policy does on them, to the bit, what it did when it was compared.
    let int8 = policies.iter().find(|p| p["policy"] == "PPO int8").expect("the policy of the device");
    for key in
        ["digest", "total_cost", "delivery_rate", "inventory_turnover", "bullwhip_by_echelon", "v", "alarms_per_path"]
    {
        assert_eq!(reported["summary"][key], int8[key], "{key}");
    }
    assert!(page.contains("they are the same days to the bit"));
    // Another policy file would be told of.
    place.edit_json("run/manifest.json", |manifest| {
        for digest in manifest["evaluation"]["digests"].as_array_mut().expect("digests") {
            digest[1] = "0".into();
        }
    });
    place.restock("report run -q").expect(OK);
    assert!(place.read("run/report.html").contains("the policy file has changed since"));
}

#[test]
fn the_replay_has_the_words_of_explain() {
    let place = Workplace::with_run();
    place.restock("report run --html page.html -q --products 3").expect(OK);
    let page = place.read("page.html");
    let (report, replay) = (data(&page), replay(&page));
    let names = |list: &Value| -> Vec<String> {
        list.as_array().expect("a list").iter().map(|name| name.as_str().expect("a name").to_owned()).collect()
    };
    let nodes: Vec<String> = names(&Value::Array(
        report["chain"]["nodes"].as_array().expect("nodes").iter().map(|node| node["name"].clone()).collect(),
    ));
    let products = names(&replay["products"]);
    assert_eq!((nodes.len(), products.len()), (3, 3));
    for (n, node, day) in [(0, &nodes[0], 0), (0, &nodes[0], 100), (1, &nodes[1], 61), (2, &nodes[2], 77)] {
        for (p, product) in products.iter().enumerate() {
            let arguments = format!("explain --run run --node {node} --product {product} --day {day}");
            let told = place.restock(&arguments).expect(OK).stdout;
            let told: Vec<&str> = told.lines().skip(1).map(str::trim_start).collect();
            let why = replay["stockpoints"][p][n]["why"][day].as_str().expect("words");
            assert_eq!(why.lines().map(str::trim_start).collect::<Vec<_>>(), told, "{arguments}");
        }
    }
    // The supplier decides every week: on other days it has no reason to tell.
    assert_eq!(replay["stockpoints"][0][2]["why"][78], "");
    assert_eq!(replay["dates"].as_array().map(Vec::len), Some(182));
}

#[test]
fn names_of_the_data_can_not_become_markup_scripts_or_commands() {
    const HOSTILE: [&str; 3] =
        ["</script><script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "a & 'b' `c` $(reboot) <!--"];
    let place = Workplace::with_network();
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let rows: String = HOSTILE.iter().map(|name| format!("{},4.50,poisson(6)\n", quoted(name))).collect();
    place.write("net/products.csv", format!("name,unit_price,demand\n{rows}"));
    place.write("net/stockpoints.csv", "node,product,initial_inventory\n");
    for file in ["nodes.csv", "lanes.csv", "network.toml"] {
        let shop = if file == "network.toml" { "<b>shop</b>".to_owned() } else { quoted("<b>shop</b>") };
        let text = place.read(&format!("net/{file}"));
        place.write(&format!("net/{file}"), text.replace("shop", &shop));
    }
    place.restock("train net --out run -q").expect(OK);
    place.restock("compare run --replicas 2 --tune-looks 6 --tune-paths 1 -q").expect(OK);
    place.edit_json("run/manifest.json", |manifest| {
        manifest["names"]["currency"] = "<i>EUR".into();
        manifest["source"] = "</style><script>alert(2)</script>".into();
    });
    place.edit_json("run/results.json", |results| results["policies"][0]["policy"] = "<img src=x>".into());
    place.restock("report run --html page.html -q").expect(OK);
    let page = place.read("page.html");
    let tags = tags(&page);
    for tag in &tags {
        let name = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap_or_default();
        assert!(!["img", "b", "i"].contains(&name), "<{tag}> came from a name");
    }
    assert_eq!(page.matches("<script").count(), 3, "two of data and one of the page's own");
    assert!(!page.contains("<!--"), "nothing begins a comment, in data neither");
    assert!(page.contains("&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
    let names: Vec<Value> = replay(&page)["products"].as_array().expect("a list").clone();
    assert!(HOSTILE.iter().all(|name| names.contains(&Value::from(*name))), "{names:?}");
    // A command that is copied from the page is one command.
    assert!(content(&page, "command").contains("--node &#39;&lt;b&gt;shop&lt;/b&gt;&#39; --product &#39;"));
}

#[test]
fn several_runs_lend_their_curves_if_they_are_of_the_same_network() {
    let place = Workplace::with_run();
    for seed in [4, 5, 6] {
        place.restock(&format!("train net --out run-{seed} --seed {seed} -q")).expect(OK);
    }
    let document = place.restock("report run run-4 run-5 run-6 --json -q").expect(OK).json();
    let learning = &document["learning"];
    assert_eq!(learning["seeds"], serde_json::json!([3, 4, 5, 6]));
    let numbers = |value: &Value| -> Vec<f64> {
        value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
    };
    let curve = &learning["learners"][0]["reward"];
    let [low, middle, high] = ["low", "middle", "high"].map(|part| numbers(&curve["band"][part]));
    assert_eq!((low.len(), numbers(&curve["iterations"])), (3, vec![1.0, 2.0, 3.0]));
    assert!((0..3).all(|i| low[i] < middle[i] && middle[i] < high[i]), "{low:?} {middle:?} {high:?}");
    assert_eq!(learning["validation_by_run"].as_array().map(Vec::len), Some(4));
    let page = place.read("run/report.html");
    assert!(page.contains("Median of 4 runs with the band of their quartiles; seeds 3, 4, 5, 6."));
    place.edit("net/network.toml", "horizon_days = 182", "horizon_days = 181");
    place.restock("train net --out other -q").expect(OK);
    place.restock("report run other").refused(USAGE, &["other is a run of another scenario", "need the same network"]);
}

#[test]
fn what_is_missing_is_named_with_the_command_that_makes_it() {
    let place = Workplace::with_run();
    fs::remove_file(place.path("run/results.json")).expect("removes");
    place.restock("report run --html page.html -q").expect(OK);
    let page = place.read("page.html");
    tags(&page);
    assert!(
        page.contains("<code>restock compare run</code> fills it") && page.contains("not been compared with any rule")
    );
    place.edit("net/network.toml", "horizon_days = 182", "horizon_days = 180");
    place.restock("report run --html page.html -q").expect(OK);
    assert!(place.read("page.html").contains("net: has changed since the run was trained"));
    fs::remove_dir_all(place.path("net")).expect("removes");
    place.restock("report run --html page.html -q").expect(OK);
    assert!(place.read("page.html").contains("net: no longer there"));
    fs::remove_file(place.path("run/restock.policy")).expect("removes");
    place.restock("report run").refused(DATA, &["restock.policy", "`restock pack run` writes it"]);
    place.restock("report nowhere").refused(DATA, &["nowhere", "restock train"]);
    place.restock("report").refused(USAGE, &["<RUN>"]);
}

#[test]
fn files_that_are_no_results_or_no_metrics_are_refused_by_name() {
    let place = Workplace::with_run();
    let results = place.read("run/results.json");
    place.write("run/results.json", "{\"format\": \"restock-compare/1\"}");
    place
        .restock("report run")
        .refused(DATA, &["results.json", "missing field", "`restock compare run` writes it anew"]);
    place.write("run/results.json", results.replace("restock-compare/", "restock-other/"));
    place.restock("report run").refused(DATA, &["results.json", "restock-other", "restock-compare"]);
    place.write("run/results.json", results);
    let metrics = place.read("run/metrics.jsonl");
    place.write("run/metrics.jsonl", format!("{metrics}what is this\n"));
    let line = format!("metrics.jsonl:{}:", metrics.lines().count() + 1);
    place.restock("report run").refused(DATA, &[&line, "a line that `restock train` wrote"]);
    // A torn last line is what a crash leaves, and a run without metrics has no curves.
    place.write("run/metrics.jsonl", format!("{metrics}{{\"iterat"));
    place.restock("report run -q").expect(OK);
    fs::remove_file(place.path("run/metrics.jsonl")).expect("removes");
    place.restock("report run -q").expect(OK);
    assert!(place.read("run/report.html").contains("The run has no metrics."));
}

#[test]
fn the_same_run_gives_the_same_page_on_any_number_of_threads() {
    let place = Workplace::with_run();
    let page = |threads: u32| {
        place.restock(&format!("report run --html page.html -q --threads {threads}")).expect(OK);
        place.bytes("page.html")
    };
    let first = page(1);
    assert!(first == page(3) && first == page(1), "the page depends on the threads or on the clock");
}

#[test]
fn a_browser_finds_nothing_to_complain_about_and_the_script_runs() {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let Some(browser) = names.into_iter().find(|name| Command::new(name).arg("--version").output().is_ok()) else {
        println!("skipped: none of {names:?} is installed");
        return;
    };
    let place = Workplace::with_run();
    place.restock("report run --html page.html -q").expect(OK);
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=5000"])
        .arg(format!("--user-data-dir={}", place.path("profile").display()))
        .arg("--dump-dom")
        .arg(format!("file://{}", place.path("page.html").display()))
        .stdin(Stdio::null())
        .output()
        .expect("the browser starts");
    let (dom, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && dom.contains("</html>"), "{browser} did not show the page: {log}");
    let complaints: Vec<&str> = log.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert_eq!(complaints, Vec::<&str>::new());
    // The script has drawn the stockpoint's course and uncovered the slider.
    assert!(dom.contains("<div id=\"course\"><svg"), "the script did not run");
    assert!(!dom.contains("id=\"controls\" hidden"), "the slider is still hidden");
}
