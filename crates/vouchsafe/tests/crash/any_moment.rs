//! The real server is killed while four clients publish.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use vouchsafe_testkit::{Database, Server};

use crate::release::{Ecosystem, Release};
use crate::{Rows, stage};

const PUBLISHES: usize = 30;
const CLIENTS: usize = 4;
/// Acknowledgements after which the server is killed, life by life; the last life goes on. Each
/// time the other clients are caught wherever they happen to be.
const LIVES: [usize; 6] = [1, 4, 2, 5, 3, usize::MAX];

/// The `n`th of all publishes: several ecosystems, new packages and further versions of them.
fn release(n: usize) -> Release {
    let letter = |n: usize| char::from(b"abcdefgh"[n % 8]);
    let package = n / 2;
    let name = format!("moment_{}{}", letter(package / 8), letter(package));
    Release::new(Ecosystem::ALL[package % Ecosystem::ALL.len()], &name, &format!("1.{}.0", n % 2))
}

/// Clients publish whatever is left until the server is dead or nothing is left.
fn live_once(
    server: &mut Server,
    token: &str,
    left: &[usize],
    kill_after: usize,
) -> BTreeSet<usize> {
    let address = server.address().to_owned();
    let next = AtomicUsize::new(0);
    let acknowledged = Mutex::new(BTreeSet::new());
    let (told, news) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            let (told, address) = (told.clone(), &address);
            let (next, acknowledged) = (&next, &acknowledged);
            scope.spawn(move || {
                while let Some(n) = left.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Some(answer) = release(*n).publish(address, token) else { return };
                    assert_eq!(answer.status / 100, 2, "{}", answer.text());
                    acknowledged.lock().unwrap().insert(*n);
                    let _ = told.send(());
                }
            });
        }
        drop(told);
        if news.iter().nth(kill_after - 1).is_some() {
            server.kill();
        }
    });
    acknowledged.into_inner().unwrap()
}

fn check(rows: &Rows) {
    let (mut server, token) = stage(rows);
    let mut there = BTreeSet::new();
    for kill_after in LIVES {
        server.up_elsewhere();
        let left: Vec<usize> = (0..PUBLISHES).filter(|n| !there.contains(n)).collect();
        let acknowledged = live_once(&mut server, &token, &left, kill_after);
        if server.pid().is_none() {
            server.up_elsewhere();
        }
        let address = server.address().to_owned();
        for n in left {
            let is_there = release(n).is_there(&address);
            assert!(is_there || !acknowledged.contains(&n), "{:?} was lost", release(n));
            if is_there {
                there.insert(n);
            }
        }
        assert!(there.iter().all(|n| release(*n).is_there(&address)), "an earlier one was lost");
        server.cli(&["fsck"]).ok();
        server.stop();
    }
    assert_eq!(there.len(), PUBLISHES, "the last life publishes whatever is left");
}

/// Everybody publishes another version of a package that is not there yet, at the same time.
fn check_first_together(rows: &Rows) {
    let (mut server, token) = stage(rows);
    server.up_elsewhere();
    for (n, ecosystem) in Ecosystem::ALL.into_iter().cycle().take(10).enumerate() {
        let name = format!("together_{}", char::from(b'a' + u8::try_from(n).unwrap()));
        std::thread::scope(|scope| {
            for client in 0..CLIENTS {
                let release = Release::new(ecosystem, &name, &format!("1.{client}.0"));
                let (address, token) = (server.address(), &token);
                scope.spawn(move || {
                    let answer = release.publish(address, token).unwrap();
                    assert_eq!(answer.status / 100, 2, "{release:?}: {}", answer.text());
                    assert!(release.is_there(address));
                });
            }
        });
    }
}

#[test]
fn first_releases_at_the_same_time_all_succeed() {
    check_first_together(&Rows::Sqlite);
}

#[test]
fn on_postgresql_first_releases_at_the_same_time_all_succeed() {
    check_first_together(&Rows::Postgres(Database::fresh("together")));
}

#[test]
fn what_was_acknowledged_survives_any_death() {
    check(&Rows::Sqlite);
}

#[test]
fn on_postgresql_what_was_acknowledged_survives_any_death() {
    check(&Rows::Postgres(Database::fresh("moment")));
}
