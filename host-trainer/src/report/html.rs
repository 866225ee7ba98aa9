//! Pieces of HTML. Everything that comes from a file passes [`escape`] or [`script_json`].

/// Text that means nothing but itself, in an element and in a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // What XML forbids even as a reference: a name with it would make the page unreadable for some.
            c if c.is_control() && !matches!(c, '\n' | '\t') => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

/// JSON for a `<script type="application/json">`: nothing in it can end the element or begin a comment.
pub(super) fn script_json(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// A table whose first column names the row and whose others are numbers. Cells are text, not HTML.
pub(super) fn table(caption: &str, header: &[String], rows: &[Vec<String>]) -> String {
    let head: String = header.iter().map(|name| format!("<th scope=\"col\">{}</th>", escape(name))).collect();
    let row = |cells: &Vec<String>| -> String {
        let cells = cells.iter().enumerate().map(|(i, cell)| match i {
            0 => format!("<th scope=\"row\">{}</th>", escape(cell)),
            _ => format!("<td>{}</td>", escape(cell)),
        });
        format!("<tr>{}</tr>", cells.collect::<String>())
    };
    let body: String = rows.iter().map(row).collect();
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\"><table><caption>{caption}</caption>\
         <thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>",
        caption = escape(caption)
    )
}

/// The numbers behind a figure, folded away.
pub(super) fn numbers(table: &str) -> String {
    format!("<details><summary>Numbers</summary>{table}</details>")
}

/// A figure: a drawing with what it shows and the numbers behind it. `caption`, `drawing` and `numbers` are HTML.
pub(super) fn figure(title: &str, caption: &str, drawing: &str, numbers: &str) -> String {
    format!("<figure><figcaption><h3>{}</h3><p>{caption}</p></figcaption>{drawing}{numbers}</figure>", escape(title))
}

/// A section of the page. `body` is HTML.
pub(super) fn section(id: &str, title: &str, lead: &str, body: &str) -> String {
    let lead = if lead.is_empty() { String::new() } else { format!("<p class=\"lead\">{lead}</p>") };
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-title\"><h2 id=\"{id}-title\">{}</h2>{lead}{body}</section>\n",
        escape(title)
    )
}

/// Several figures side by side where there is room.
pub(super) fn grid(figures: &[String]) -> String {
    format!("<div class=\"grid\">{}</div>", figures.concat())
}

/// A command to type.
pub(super) fn command(line: &str) -> String {
    format!("<code>{}</code>", escape(line))
}

/// A word of a command line, quoted where a shell would take it for more than a word: commands are copied from the
/// page, and names come from files.
pub(crate) fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.,:/+-".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_command_stays_one_word() {
        assert_eq!(word("runs/a-1.5"), "runs/a-1.5");
        assert_eq!(word("a $(b); 'c'"), "'a $(b); '\\''c'\\'''");
        assert_eq!(word(""), "''");
    }

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("a<b>\"c\"'d'&e"), "a&lt;b&gt;&quot;c&quot;&#39;d&#39;&amp;e");
        assert_eq!(escape("bell\u{7} and\nline"), "bell\u{fffd} and\nline");
        let json = script_json("{\"name\":\"</script><!--&\"}");
        assert!(!json.contains('<') && !json.contains('>') && !json.contains('&'), "{json}");
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["name"], "</script><!--&");
        assert!(!table("t", &["<i>".to_owned()], &[vec!["<b>".to_owned()]]).contains("<b>"));
    }
}
