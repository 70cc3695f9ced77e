//! Public packages through this registry: from the network, from the cache alone, and with a
//! cooldown.

use serde_json::{Value, json};
use vouchsafe_testkit::FakeUpstream;

use crate::stage::{COMPOSERS, Stage, archive, installed, lock_entry};
use crate::upstream::{announce, config, offer, offer_inline, old, start, young};

const YEARS: &str = "[policy]\ncooldown = \"730d\"\n";

/// A framework that needs a dozen other packages, as the public index would list it.
fn offer_framework(upstream: &FakeUpstream) -> Vec<String> {
    let parts: Vec<String> = (0..12).map(|number| format!("parts/part-{number}")).collect();
    for (number, part) in parts.iter().enumerate() {
        let needs = match parts.get(number + 1) {
            Some(next) => json!({ "php": ">=7.4", next.as_str(): "^1.0 || ^2.0" }),
            None => json!({ "php": ">=7.4" }),
        };
        let with = |offer: crate::upstream::Offer| offer.with(json!({ "require": needs }));
        let mut offers = vec![young("2.1.0"), old("2.0.0"), old("1.0.0")];
        if number % 2 == 0 {
            offers = offers.into_iter().map(crate::upstream::Offer::without_shasum).collect();
        }
        let offers: Vec<_> = offers.into_iter().map(with).collect();
        offer(upstream, part, &offers);
    }
    let bundle = json!({
        "type": "metapackage", "dist": null, "source": null,
        "require": { "parts/part-0": "^2.0", "parts/part-6": "*" },
    });
    offer(upstream, "parts/all", &[old("1.0.0").with(bundle)]);
    parts
}

#[test]
fn a_framework_installs_from_the_network_and_then_from_the_cache_alone() {
    for composer in COMPOSERS {
        let mut upstream = start();
        let parts = offer_framework(&upstream);
        let mut stage = Stage::with_config(&config(&upstream, "", ""));
        let dir = stage.project("app", json!({}));
        stage.run(composer, &dir, &["require", "parts/all:*"]).ok();
        for part in &parts {
            assert_eq!(installed(&dir, part), "2.1.0");
            let url = lock_entry(&dir, part)["dist"]["url"].clone();
            assert!(url.as_str().unwrap().starts_with(&stage.base()), "{url}");
        }
        let reported = upstream.requests();
        assert!(reported.iter().all(|(path, _)| !path.contains("downloads")), "{reported:?}");

        upstream.down();
        stage.server.stop();
        stage.server.up();
        stage.forget(&dir);
        stage.run(composer, &dir, &["install"]).ok();
        stage.run(composer, &dir, &["update"]).ok();
        assert_eq!(installed(&dir, "parts/part-11"), "2.1.0");
        let shasum = lock_entry(&dir, "parts/part-0")["dist"]["shasum"].clone();
        assert_eq!(shasum.as_str().unwrap().len(), 40, "known since it was fetched");
    }
}

#[test]
fn a_cooldown_gives_the_older_version_and_whoever_insists_reads_why() {
    let upstream = start();
    offer_framework(&upstream);
    let mut stage = Stage::with_config(&config(&upstream, "", ""));
    let locked = COMPOSERS.map(|composer| {
        stage.locked(composer, &format!("locked-{composer}"), json!({ "parts/part-9": "*" }))
    });
    stage.server.stop();
    stage.server.set_config(config(&upstream, "", YEARS));
    stage.server.up();
    for (composer, locked) in COMPOSERS.iter().zip(&locked) {
        let dir = stage.project(&format!("app-{composer}"), json!({ "parts/all": "*" }));
        let ran = stage.run(composer, &dir, &["update"]).ok();
        assert_eq!(installed(&dir, "parts/part-0"), "2.0.0");
        ran.says("2.1.0 is withheld").says("younger than 730 days");
        let dir = stage.project(&format!("pin-{composer}"), json!({ "parts/part-11": "2.1.0" }));
        let ran = stage.run(composer, &dir, &["update"]).fails();
        ran.says("is withheld").says("younger than 730 days");
        stage.forget(locked);
        let ran = stage.run(composer, locked, &["install"]).fails();
        ran.says("younger than 730 days");
    }
}

#[test]
fn a_small_static_index_is_proxied() {
    let upstream = FakeUpstream::start();
    let needs = json!({ "require": { "acme/base": "^1.0" } });
    offer_inline(
        &upstream,
        &[
            ("acme/tool", &[old("1.0.0").with(needs)]),
            ("acme/base", &[old("1.0.0").without_shasum(), young("1.1.0")]),
        ],
    );
    let stage = Stage::with_config(&config(&upstream, "", YEARS));
    for composer in COMPOSERS {
        let dir = stage.project(composer, json!({ "acme/tool": "*" }));
        stage.run(composer, &dir, &["update"]).ok();
        assert_eq!(
            (installed(&dir, "acme/tool"), installed(&dir, "acme/base")),
            ("1.0.0".into(), "1.0.0".into())
        );
    }
}

#[test]
fn bytes_that_change_upstream_do_not_change_here() {
    for composer in COMPOSERS {
        let upstream = FakeUpstream::start();
        announce(&upstream);
        let send = |text: &str| {
            let bytes = archive("acme/a", text, json!({}));
            offer(&upstream, "acme/a", &[old("1.0.0").without_shasum().with_bytes(bytes)]);
        };
        send("first");
        let stage = Stage::with_config(&config(&upstream, "index_ttl_secs = 0", ""));
        let dir = stage.locked(composer, "app", json!({ "acme/a": "*" }));
        send("second");
        stage.forget(&dir);
        stage.run(composer, &dir, &["install"]).ok();
        assert_eq!(installed(&dir, "acme/a"), "first");
        stage.run(composer, &dir, &["update"]).ok();
        assert_eq!(installed(&dir, "acme/a"), "first");
    }
}

#[test]
fn a_name_of_ours_is_not_taken_over_by_a_higher_version_upstream() {
    let upstream = start();
    let stage = Stage::with_config(&config(&upstream, "index_ttl_secs = 0", ""));
    stage.publish("acme/tool", "1.0.0");
    let before = upstream.requests().len();
    offer(&upstream, "acme/tool", &[old("9.9.9")]);
    for composer in COMPOSERS {
        let dir = stage.project(composer, json!({ "acme/tool": "*" }));
        stage.run(composer, &dir, &["update"]).ok();
        assert_eq!(installed(&dir, "acme/tool"), "1.0.0");
        let dir = stage.project(&format!("{composer}-new"), json!({ "acme/tool": "^9.0" }));
        stage.run(composer, &dir, &["update"]).fails();
    }
    let after = upstream.requests().split_off(before);
    assert!(after.iter().all(|(path, _)| !path.contains("acme")), "{after:?}");
}

#[test]
fn an_upstream_that_adopt_finds_in_composers_own_settings_is_proxied() {
    let upstream = start();
    offer_framework(&upstream);
    let settings = json!({
        "repositories": { "mirror": { "type": "composer", "url": upstream.url() } },
        "config": { "secure-http": false },
    });
    let stage = Stage::new();
    stage.home.write(".composer/config.json", &settings.to_string());
    let file = stage.home.write("server/vouchsafe.toml", "");
    let mut adopt = stage.home.command("env");
    adopt.arg(crate::stage::BINARY).args(["adopt", "--ecosystem", "composer", "--url"]);
    adopt.arg(stage.server.url()).arg("--config").arg(&file);
    adopt.arg("--data").arg(stage.home.home().join("data")).current_dir(stage.home.home());
    vouchsafe_testkit::Ran::of(adopt).ok().says(&upstream.url());
    let learned = std::fs::read_to_string(&file).unwrap();
    assert!(learned.contains("allow_private_network = true"), "{learned}");
    let mut stage = stage;
    stage.server.stop();
    stage.server.set_config(learned);
    stage.server.up();
    for composer in COMPOSERS {
        // The settings of the home lead here by now.
        let dir = stage.home.dir(composer);
        let manifest = json!({ "require": { "parts/part-3": "^2.0" } });
        stage.home.write(&format!("{composer}/composer.json"), &manifest.to_string());
        stage.run(composer, &dir, &["update"]).ok();
        let url = lock_entry(&dir, "parts/part-3")["dist"]["url"].clone();
        assert!(url != Value::Null && url.as_str().unwrap().starts_with(&stage.base()), "{url}");
    }
}
