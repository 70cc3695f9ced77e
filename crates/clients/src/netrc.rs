//! `.netrc`: names and passwords by host, as words in any layout.

/// Name and password for a host.
pub(crate) fn get(text: &str, host: &str) -> Option<(String, String)> {
    let words: Vec<&str> = words(text).map(|(_, word)| word).collect();
    let start = words.windows(2).position(|pair| *pair == ["machine", host])?;
    let entry: Vec<&str> = words
        .into_iter()
        .skip(start + 2)
        .take_while(|word| !matches!(*word, "machine" | "default" | "macdef"))
        .collect();
    let value = |key: &str| {
        entry.windows(2).find_map(|pair| match *pair {
            [found, value] if found == key => Some(value.to_owned()),
            _ => None,
        })
    };
    Some((value("login").unwrap_or_default(), value("password")?))
}

/// Sets name and password for a host. The entry of that host is written anew, others stay.
pub(crate) fn set(text: &str, host: &str, login: &str, password: &str) -> String {
    if get(text, host).is_some_and(|(name, secret)| name == login && secret == password) {
        return text.to_owned();
    }
    let all: Vec<(usize, &str)> = words(text).collect();
    let entry = format!("machine {host}\n  login {login}\n  password {password}\n");
    let is_ours = |pair: &[(usize, &str)]| matches!(pair, [(_, "machine"), (_, h)] if *h == host);
    let Some(place) = all.windows(2).position(is_ours) else {
        // `default` has to be the last entry.
        let default = all.iter().find(|(_, word)| *word == "default").map(|(at, _)| *at);
        let (head, tail) =
            text.split_at_checked(default.unwrap_or(text.len())).unwrap_or((text, ""));
        let gap = if head.is_empty() || head.ends_with('\n') { "" } else { "\n" };
        return format!("{head}{gap}{entry}{tail}");
    };
    let offset = |place: usize| all.get(place).map_or(text.len(), |(at, _)| *at);
    let next = (place + 2..all.len())
        .find(|place| {
            all.get(*place)
                .is_some_and(|(_, word)| matches!(*word, "machine" | "default" | "macdef"))
        })
        .map_or(text.len(), offset);
    let head = text.get(..offset(place)).unwrap_or_default();
    format!("{head}{entry}{}", text.get(next..).unwrap_or_default())
}

/// Every word with its place. What follows `macdef`, up to an empty line, is somebody's program.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_macro = false;
    text.split_inclusive('\n')
        .scan(0, |at, line| {
            let start = *at;
            *at += line.len();
            Some((start, line))
        })
        .filter(move |(_, line)| {
            let was_in_macro = in_macro;
            in_macro = match in_macro {
                true => !line.trim().is_empty(),
                false => line.split_whitespace().any(|word| word == "macdef"),
            };
            !was_in_macro
        })
        .flat_map(|(start, line)| {
            line.split_whitespace()
                .map(move |word| (start + (word.as_ptr().addr() - line.as_ptr().addr()), word))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let once = set(text, "h:1", "u", "p");
        assert_eq!(once, expected);
        assert_eq!(set(&once, "h:1", "u", "p"), once);
        assert_eq!(get(&once, "h:1"), Some(("u".to_owned(), "p".to_owned())));
    }

    #[test]
    fn one_entry_is_written_and_the_others_stay() {
        let ours = "machine h:1\n  login u\n  password p\n";
        check("", ours);
        check("machine a login b password c", &format!("machine a login b password c\n{ours}"));
        check(
            "machine h:1 password old\nmachine a login b\n",
            &format!("{ours}machine a login b\n"),
        );
        check("default login x password y\n", &format!("{ours}default login x password y\n"));
        check("machine h:1\n\tlogin u\n\tpassword p\n", "machine h:1\n\tlogin u\n\tpassword p\n");
    }

    #[test]
    fn a_macro_is_not_read() {
        let text = "machine a\nmacdef init\nmachine h:1 password x\n\nmachine b password y\n";
        assert_eq!(get(text, "h:1"), None);
        assert_eq!(get(text, "b"), Some((String::new(), "y".to_owned())));
    }
}
