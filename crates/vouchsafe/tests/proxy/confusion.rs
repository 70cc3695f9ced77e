//! A name belongs to this registry or to the upstream, never to both.

use vouchsafe_testkit::{FakeUpstream, Reply, Server, http};

use crate::ecosystem::{ALL, Eco, old};
use crate::stage::{eventually, hits_of, server};

/// Asks for everything that a client could ask about a name, and for what an attacker has put
/// under it upstream.
fn ask_everything(server: &Server, eco: Eco, name: &str) {
    eco.get_index(server, name);
    for version in ["1.0.0", "9.9.9"] {
        eco.get_file(server, name, version);
    }
    let address = server.address();
    for page in
        [format!("/packages/{}/{name}", eco.id()), format!("/withheld/{}/{name}@9.9.9", eco.id())]
    {
        http::get(address, &page);
    }
    let others = match eco {
        Eco::Cargo => vec![format!("/cargo/api/v1/crates/{name}/owners")],
        Eco::Npm => vec![
            format!("/npm/{name}/9.9.9"),
            format!("/npm/{name}/latest"),
            format!("/npm/-/package/{name}/dist-tags"),
            format!("/npm/-/v1/search?text={name}"),
        ],
        Eco::Pypi => vec![
            format!("/pypi/{name}/json"),
            format!("/pypi/{name}/9.9.9/json"),
            format!("{}.metadata", eco.file(name, "9.9.9")),
        ],
    };
    for path in others {
        http::get(address, &path);
    }
}

#[test]
fn a_hosted_name_and_its_look_alikes_are_never_asked_upstream() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "index_ttl_secs = 0", "");
    let token = server.user_and_token("ada");
    let look_alikes = |eco| match eco {
        Eco::Cargo => vec!["acme_tool"],
        Eco::Npm => vec!["acmetool", "acme.tool", "acme_tool"],
        Eco::Pypi => vec!["acmetool", "acme-t00l", "acme-too1"],
    };
    for eco in ALL {
        let published = eco.publish(&server, &token, "acme-tool", "1.0.0");
        assert_eq!(published.status / 100, 2, "{eco:?}: {}", published.text());
        let mut names = look_alikes(eco);
        names.push("acme-tool");
        for name in &names {
            eco.script(&upstream, name, &[old("9.9.9")]);
        }
        let before = hits_of(&upstream, eco, &names);
        for name in &names {
            ask_everything(&server, eco, name);
        }
        assert_eq!(hits_of(&upstream, eco, &names), before, "{eco:?}");
        assert_eq!(eco.installable(&eco.get_index(&server, "acme-tool")), ["1.0.0"]);
        assert_eq!(eco.get_file(&server, "acme-tool", "9.9.9").status, 404);
        for name in look_alikes(eco) {
            assert_eq!(eco.get_index(&server, name).status, 404, "{eco:?} {name}");
            assert_eq!(eco.get_file(&server, name, "9.9.9").status, 404, "{eco:?} {name}");
        }
    }
}

#[test]
fn a_claim_made_while_the_server_runs_cuts_a_name_off_from_the_upstream() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "index_ttl_secs = 0", "");
    for (eco, claim) in [
        (Eco::Cargo, "pkg:cargo/Acme-*"),
        (Eco::Npm, "pkg:npm/acme-*"),
        // Not the form that names are compared in, and meant all the same.
        (Eco::Pypi, "pkg:pypi/Acme_*"),
    ] {
        for name in ["acme-billing", "acmebilling"] {
            eco.script(&upstream, name, &[old("9.9.9")]);
            assert_eq!(eco.installable(&eco.get_index(&server, name)), ["9.9.9"], "{eco:?} {name}");
        }
        // Served from memory, from the cache of files and from the cache of indexes until now.
        assert_eq!(eco.get_file(&server, "acme-billing", "9.9.9").status, 200);
        server.cli(&["claim", "add", claim]).ok();
        eventually("the claim takes effect", || {
            eco.get_index(&server, "acme-billing").status == 404
        });
        let before = upstream.all_hits();
        ask_everything(&server, eco, "acme-billing");
        assert_eq!(upstream.all_hits(), before, "{eco:?}");
        assert_eq!(eco.get_file(&server, "acme-billing", "9.9.9").status, 404);
        assert_eq!(eco.get_index(&server, "acmebilling").status, 200, "{eco:?}: not claimed");
        server.cli(&["claim", "remove", claim]).ok();
        eventually("the claim is given up", || {
            eco.get_index(&server, "acme-billing").status == 200
        });
    }
}

#[test]
fn a_scope_is_claimed_as_a_whole() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "index_ttl_secs = 0", "");
    let (kind, index) = Eco::Npm.index_of(&upstream.url(), "@acme/secret", &[old("1.0.0")]);
    upstream.on("/npm/@acme%2fsecret", Reply::ok(kind, index));
    assert_eq!(http::get(server.address(), "/npm/@acme%2fsecret").status, 200);
    server.cli(&["claim", "add", "pkg:npm/@acme/*"]).ok();
    eventually("the claim takes effect", || {
        http::get(server.address(), "/npm/@acme%2fsecret").status == 404
    });
    let before = upstream.all_hits();
    for path in ["/npm/@acme%2fsecret", "/npm/@acme/secret", "/npm/@acme/secret/-/secret-1.0.0.tgz"]
    {
        assert_eq!(http::get(server.address(), path).status, 404);
    }
    assert_eq!(upstream.all_hits(), before);
    http::get(server.address(), "/npm/@acme2%2fsecret");
    assert_eq!(upstream.hits("/npm/@acme2%2fsecret"), 1);
}

#[test]
fn a_removed_name_is_never_asked_upstream() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "index_ttl_secs = 0", "");
    let token = server.user_and_token("ada");
    let eco = Eco::Npm;
    assert_eq!(eco.publish(&server, &token, "left-behind", "1.0.0").status / 100, 2);
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let removed =
        http::send(server.address(), "DELETE", "/npm/left-behind/-rev/1-0", &headers, b"");
    assert_eq!(removed.status / 100, 2, "{}", removed.text());
    eco.script(&upstream, "left-behind", &[old("9.9.9")]);
    let before = upstream.all_hits();
    ask_everything(&server, eco, "left-behind");
    ask_everything(&server, eco, "leftbehind");
    assert_eq!(upstream.all_hits(), before);
    assert_eq!(eco.get_index(&server, "left-behind").status, 404);
    let again = eco.publish(&server, &token, "left-behind", "2.0.0");
    assert!(again.text().contains("never used again"), "{}", again.text());
    assert_eq!(upstream.all_hits(), before);
}

#[test]
fn a_name_that_is_public_is_published_here_only_when_it_is_claimed() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "", "");
    let token = server.user_and_token("ada");
    for eco in ALL {
        eco.script(&upstream, "left-pad", &[old("1.0.0")]);
        let refused = eco.publish(&server, &token, "left-pad", "2.0.0");
        assert_eq!(refused.status / 100, 4, "{eco:?}: {}", refused.text());
        assert_eq!(refused.header("x-vouchsafe-code"), Some("publish.name-exists-upstream"));
        let hint = format!("vouchsafe claim add {}", eco.purl("left-pad"));
        assert!(refused.text().contains(&hint), "{eco:?}: {}", refused.text());
        assert_eq!(eco.installable(&eco.get_index(&server, "left-pad")), ["1.0.0"]);
        server.cli(&["claim", "add", &eco.purl("left-pad")]).ok();
        eventually("the claim takes effect", || eco.get_index(&server, "left-pad").status == 404);
        let published = eco.publish(&server, &token, "left-pad", "2.0.0");
        assert_eq!(published.status / 100, 2, "{eco:?}: {}", published.text());
        assert_eq!(eco.installable(&eco.get_index(&server, "left-pad")), ["2.0.0"]);
        assert_eq!(eco.get_file(&server, "left-pad", "1.0.0").status, 404);
    }
}

#[test]
fn while_the_upstream_is_down_no_new_name_is_published_unless_it_is_claimed() {
    let mut upstream = FakeUpstream::start();
    let server = server(&upstream, "", "");
    let token = server.user_and_token("ada");
    for eco in ALL {
        assert_eq!(eco.publish(&server, &token, "known-before", "1.0.0").status / 100, 2);
    }
    upstream.down();
    for eco in ALL {
        let refused = eco.publish(&server, &token, "left-pad", "1.0.0");
        assert_eq!(refused.status, 503, "{eco:?}: {}", refused.text());
        let hint = format!("vouchsafe claim add {}", eco.purl("left-pad"));
        assert!(refused.text().contains(&hint), "{eco:?}: {}", refused.text());
        server.cli(&["claim", "add", &eco.purl("left-pad")]).ok();
        eventually("the claim takes effect", || eco.get_index(&server, "left-pad").status == 404);
        assert_eq!(eco.publish(&server, &token, "left-pad", "1.0.0").status / 100, 2, "{eco:?}");
        // A name that is ours already needs nobody's word.
        assert_eq!(eco.publish(&server, &token, "known-before", "1.1.0").status / 100, 2);
    }
}
