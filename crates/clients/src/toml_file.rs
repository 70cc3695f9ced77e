//! Reading and editing TOML files, keeping what people wrote.

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, TableLike};

/// Parses a file.
///
/// The reason names the line and never quotes it: there may be a token in it.
pub(crate) fn parse(text: &str) -> Result<DocumentMut, String> {
    text.parse::<DocumentMut>().map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        format!("line {line} is not valid TOML")
    })
}

/// The item at a path of keys.
pub(crate) fn get<'a>(document: &'a DocumentMut, path: &[&str]) -> Option<&'a Item> {
    path.iter().try_fold(document.as_item(), |item, key| item.as_table_like()?.get(key))
}

/// The text at a path of keys.
pub(crate) fn get_str<'a>(document: &'a DocumentMut, path: &[&str]) -> Option<&'a str> {
    get(document, path)?.as_str()
}

/// Sets the text at a path of keys; tables on the way are made when they are not there.
pub(crate) fn set(document: &mut DocumentMut, path: &[&str], value: &str) -> Result<(), String> {
    let Some((last, parents)) = path.split_last() else { return Ok(()) };
    let table = table_mut(document, parents)?;
    set_in(table, last, toml_edit::Value::from(value));
    Ok(())
}

/// Sets a value and keeps the comment behind the old one.
pub(crate) fn set_in(table: &mut dyn TableLike, key: &str, mut value: toml_edit::Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        None => {
            table.insert(key, Item::Value(value));
        }
    }
}

/// The table at a path of keys, made when it is not there.
pub(crate) fn table_mut<'a>(
    document: &'a mut DocumentMut,
    path: &[&str],
) -> Result<&'a mut dyn TableLike, String> {
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for (depth, key) in path.iter().enumerate() {
        let item = table.entry(key).or_insert_with(|| {
            let mut made = Table::new();
            // Parents need no header of their own.
            made.set_implicit(depth + 1 < path.len());
            Item::Table(made)
        });
        table = item.as_table_like_mut().ok_or_else(|| format!("`{key}` is not a table"))?;
    }
    Ok(table)
}

/// The array of tables `[[path]]`, made when it is not there.
pub(crate) fn array_mut<'a>(
    document: &'a mut DocumentMut,
    path: &[&str],
) -> Result<&'a mut ArrayOfTables, String> {
    let Some((last, parents)) = path.split_last() else { return Err("no path".to_owned()) };
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for key in parents {
        let item = table.entry(key).or_insert_with(|| {
            let mut made = Table::new();
            made.set_implicit(true);
            Item::Table(made)
        });
        table = item.as_table_like_mut().ok_or_else(|| format!("`{key}` is not a table"))?;
    }
    table
        .entry(last)
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()))
        .as_array_of_tables_mut()
        .ok_or_else(|| format!("`{last}` is not written as [[{}]]", path.join(".")))
}

/// The table of an array whose `name` is this, made at the end when there is none.
pub(crate) fn named_mut<'a>(tables: &'a mut ArrayOfTables, name: &str) -> Option<&'a mut Table> {
    let is_it = |table: &Table| table.get("name").and_then(Item::as_str) == Some(name);
    let known = tables.iter().position(is_it);
    let place = known.unwrap_or_else(|| {
        let mut made = Table::new();
        made.insert("name", toml_edit::value(name));
        tables.push(made);
        tables.len() - 1
    });
    tables.get_mut(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        let found = parse(text).and_then(|mut document| {
            set(&mut document, &["registries", "vouchsafe", "index"], "i")?;
            Ok(document.to_string())
        });
        assert_eq!(found.as_deref(), expected.map_err(str::to_owned).as_ref().copied());
    }

    #[test]
    fn a_value_is_set_and_the_rest_stays() {
        check("", Ok("[registries.vouchsafe]\nindex = \"i\"\n"));
        check(
            "# mine\n[registries.vouchsafe] # ours\nindex = \"old\" # why\n",
            Ok("# mine\n[registries.vouchsafe] # ours\nindex = \"i\" # why\n"),
        );
        check(
            "registries.vouchsafe = { token = \"t\" }\n",
            Ok("registries.vouchsafe = { token = \"t\" , index = \"i\" }\n"),
        );
        check("registries = 3\n", Err("`registries` is not a table"));
    }

    #[test]
    fn an_error_names_the_line_and_does_not_quote_it() {
        check("a = 1\ntoken = hunter2\n", Err("line 2 is not valid TOML"));
    }
}
