//! The measurements as tables.

use serde_json::Value;
use std::fmt::Write as _;

/// Makes a table of one result; it also sees the others.
type Part = (&'static str, fn(&Value, &Value) -> String);
/// A line with a cell for each client.
type Line = (&'static str, fn(&Value) -> String);

/// The tables of what was measured; what was not has none.
pub(super) fn render(results: &Value, header: &str) -> String {
    let mut text = header.to_owned();
    if let Some(versions) = results.as_object().and_then(|all| all.values().find_map(versions)) {
        let _ = write!(text, " {versions}.");
    }
    text.push('\n');
    let parts: [Part; 8] = [
        ("half-open", half_open),
        ("dials", dials),
        ("faults", faults),
        ("leaks", leaks),
        ("fleet", fleet),
        ("verify", simulation),
        ("fuzz", fuzz),
        ("mutants", mutants),
    ];
    for (name, part) in parts {
        if !results[name].is_null() {
            let _ = write!(text, "\n{}", part(&results[name], results));
        }
    }
    text
}

fn versions(result: &Value) -> Option<String> {
    let version = |name: &str| result["versions"][name].as_str();
    let (ours, official, node) = (version("ours")?, version("official")?, version("node")?);
    Some(format!("metered-realtime {ours}, `@metered-ca/realtime` {official}, Node {node}"))
}

fn half_open(result: &Value, all: &Value) -> String {
    let timeout = result["timeoutMs"].as_u64().unwrap_or(0);
    let patience = result["patienceMs"].as_u64().unwrap_or(0) / 1000;
    let mut text = format!(
        "### A half-open link\n\nTCP lives, nothing is answered, not even a close. `inactivityTimeoutMs: {timeout}`, otherwise \
         the defaults. Median (worst) of the runs; \"never\": not within {patience} s.\n\n\
         | runtime | client | noticed after | replaced after |\n|---|---|---|---|\n"
    );
    for row in rows(result) {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            name(&row["runtime"]),
            client(row),
            spread(&row["noticedMs"]),
            spread(&row["replacedMs"]),
        );
    }
    let native = &all["native"];
    if !native.is_null() {
        let ms = |name: &str| native[name].as_u64().unwrap_or(0);
        let _ = writeln!(
            text,
            "| native, timeout {} ms | ours | {} ms | {} ms |",
            ms("timeoutMs"),
            ms("noticedMs"),
            ms("replacedMs")
        );
        let _ = writeln!(
            text,
            "\nNatively a reset is noticed after {} ms, and `close()` on a half-open link takes {} ms.",
            ms("resetNoticedMs"),
            ms("closeMs")
        );
    }
    text
}

fn dials(result: &Value, _: &Value) -> String {
    let mut text = format!(
        "### A server that welcomes and drops\n\nDefault options, {} s.\n\n| client | dials a minute |\n|---|---|\n",
        result["seconds"]
    );
    for row in rows(result) {
        let _ = writeln!(text, "| {} | {:.0} |", client(row), number(&row["perMinute"]));
    }
    text
}

fn faults(result: &Value, _: &Value) -> String {
    let list = rows(result);
    let mut text = format!(
        "### {} random faults on real sockets\n\n{} clients in Node publish, send, subscribe and unsubscribe while their links \
         are reset, swallowed, cut inside of a frame, closed with every code, silenced, and their acks lost, late, doubled or \
         refused. A recorder on the other side knows what arrived. The seed decides what is done and broken; the timing of real \
         sockets is not repeatable. `inactivityTimeoutMs: {}`, quick retries, no dial budget.\n\n| |",
        result["faults"], result["clients"], result["timeoutMs"]
    );
    list.iter().for_each(|row| {
        let _ = write!(text, " {} |", client(row));
    });
    text.push_str("\n|---|");
    list.iter().for_each(|_| text.push_str("---|"));
    text.push('\n');
    let lines: [Line; 13] = [
        ("calls", |row| row["calls"].to_string()),
        ("calls lost: not answered within 16 s", |row| row["lost"].to_string()),
        ("calls that lied", |row| row["lying"].to_string()),
        ("... confirmed and never arrived", |row| row["lies"]["doneButNeverArrived"].to_string()),
        ("... said not to be sent, and arrived", |row| {
            row["lies"]["notSentButArrived"].to_string()
        }),
        ("... refused, and carried out", |row| row["lies"]["rejectedButDone"].to_string()),
        ("... failed, and sent after that", |row| row["lies"]["arrivedAfterRejection"].to_string()),
        ("subscriptions that are deaf at the end", |row| row["deafSubscriptions"].to_string()),
        ("subscriptions that came back though cancelled", |row| {
            row["ghostSubscriptions"].to_string()
        }),
        ("back after a break, median (worst)", |row| times(&row["recoveryMs"])),
        ("a failing call is told so after, median (worst)", |row| {
            times(&row["failureToldAfterMs"])
        }),
        ("calls answered with \"nobody knows\"", |row| {
            let share = number(&row["claims"]["unknown"]) / number(&row["calls"]);
            format!("{} ({:.0} %)", row["claims"]["unknown"], share * 100.0)
        }),
        ("time that it took", |row| format!("{} s", row["seconds"])),
    ];
    for (what, cell) in lines {
        let cells: String = list.iter().map(|row| format!(" {} |", cell(row))).collect();
        let _ = writeln!(text, "| {what} |{cells}");
    }
    text
}

fn leaks(result: &Value, _: &Value) -> String {
    let mut text = format!(
        "### Memory\n\nA server welcomes, and drops at the first request; the client reconnects and subscribes again, {} times in \
         Node, a quarter of that in Chromium. Bytes of heap and external memory for each reconnect, as the slope after a warm-up; \
         the last line is what reconnecting with `ws` alone leaves in the same Node, the floor of the method.\n\n\
         | runtime | client | reconnects | bytes each | wasm growth | sockets and timers after |\n|---|---|---|---|---|---|\n",
        result["count"]
    );
    for row in rows(result) {
        let left = match (&row["resources"]["before"], &row["resources"]["after"]) {
            (Value::Null, _) => "-".to_owned(),
            (before, after) if before == after => "as before".to_owned(),
            (before, after) => format!("{before} before, {after} after"),
        };
        let wasm = row["wasmGrowth"].as_i64().map_or_else(|| "-".to_owned(), |n| n.to_string());
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.0} | {wasm} | {left} |",
            name(&row["runtime"]),
            client(row),
            row["reconnects"],
            number(&row["bytesPerReconnect"]),
        );
    }
    text.push_str("\n1,000 clients that connected and were closed leave, for each: ");
    let clients = result["clients"].as_array().map(Vec::as_slice).unwrap_or_default();
    let parts: Vec<_> = clients
        .iter()
        .map(|row| format!("{:.0} bytes ({})", number(&row["bytesPerClient"]), client(row)))
        .collect();
    let _ = writeln!(text, "{}.", parts.join(", "));
    let alive = result["alive"].as_array().is_some_and(|alive| alive.as_slice() == ["connected"]);
    let verdict =
        if alive { "A closed client is collected" } else { "NOT every closed client is collected" };
    let _ = writeln!(text, "{verdict}; a connected one works on, though nobody refers to it.");
    text
}

fn fleet(result: &Value, _: &Value) -> String {
    let mut text = format!(
        "### A restart under {} clients\n\nAll lose the server at the same moment (close 1001); it is back at once. The packed \
         clients themselves, on played sockets and a turned clock. Which share of them dials within the same {} ms?\n\n\
         | client | options | peak share | dials from ... to |\n|---|---|---|---|\n",
        result["clients"], result["windowMs"]
    );
    for row in rows(result) {
        let share = number(&row["peakShare"]) * 100.0;
        let _ = writeln!(
            text,
            "| {} | {} | {share:.1} % | {} ms ... {} ms |",
            client(row),
            name(&row["name"]),
            row["firstMs"],
            row["lastMs"]
        );
    }
    text
}

fn simulation(result: &Value, _: &Value) -> String {
    let mut text = "### The machine in simulation\n\n".to_owned();
    for line in result["summary"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let _ = writeln!(text, "- {}", name(line));
    }
    if result["passed"] == true {
        text.push_str("- No rule was broken: no stuck state, no wrong settlement\n");
    }
    for line in result["broken"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let _ = writeln!(text, "- {}", name(line));
    }
    text
}

fn fuzz(result: &Value, _: &Value) -> String {
    format!("### Fuzzing\n\n- {}\n", name(&result["summary"]))
}

fn mutants(result: &Value, _: &Value) -> String {
    format!("### Mutants\n\n- {} [Why those live](MUTANTS.md).\n", name(&result["summary"]))
}

fn rows(result: &Value) -> &[Value] {
    result["rows"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn name(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

fn client(row: &Value) -> &str {
    name(&row["library"])
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// Median and worst of a list of milliseconds; `null`s are runs that took for ever.
fn spread(list: &Value) -> String {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut times: Vec<u64> = list.iter().map(|ms| ms.as_u64().unwrap_or(u64::MAX)).collect();
    times.sort_unstable();
    let show = |ms: Option<&u64>| match ms {
        None => "?".to_owned(),
        Some(&u64::MAX) => "never".to_owned(),
        Some(ms) => format!("{:.2} s", *ms as f64 / 1000.0),
    };
    format!("{} ({})", show(times.get(times.len() / 2)), show(times.last()))
}

fn times(value: &Value) -> String {
    format!("{} ms ({} ms)", value["median"], value["worst"])
}

#[cfg(test)]
mod tests {
    use super::{render, spread};
    use serde_json::json;

    #[test]
    fn runs_that_never_end_are_the_worst_and_are_said_to_be_so() {
        assert_eq!(spread(&json!([3100, 2900, 3000])), "3.00 s (3.10 s)");
        assert_eq!(spread(&json!([3000, 2900, null])), "3.00 s (never)");
        assert_eq!(spread(&json!([])), "? (?)");
    }

    #[test]
    fn what_was_not_measured_has_no_table() {
        let fleet = json!({
            "versions": { "ours": "1.0.0", "official": "2.0.0", "node": "v20" },
            "clients": 10, "windowMs": 100,
            "rows": [{ "library": "ours", "name": "default", "peakShare": 0.5, "firstMs": 1, "lastMs": 2 }],
        });
        let text = render(&json!({ "fleet": fleet }), "Measured.");
        assert!(text.starts_with("Measured. metered-realtime 1.0.0, "), "{text}");
        assert!(text.contains("| ours | default | 50.0 % | 1 ms ... 2 ms |"), "{text}");
        assert!(!text.contains("### Memory"), "{text}");
    }
}
