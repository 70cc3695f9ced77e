//! What runs a target: inputs that are the same in every run, or the engine of `cargo bolero`.
//!
//! bolero's own engine for `cargo test` takes its seeds from the operating system, so that a
//! failure may be gone in the next run. This one counts.

#![allow(unexpected_cfgs, reason = "`fuzzing` is set by cargo-bolero")]

#[cfg(fuzzing)]
pub(crate) use bolero::DefaultEngine as Engine;
#[cfg(not(fuzzing))]
pub(crate) use fixed::FixedSeed as Engine;

/// `target!(N)` is a bolero target that gets `N` inputs in `cargo test`, and as many as wanted
/// from a fuzzer. Use it as `bolero::check!()`.
macro_rules! target {
    ($iterations:expr) => {{
        let location = bolero::TargetLocation {
            package_name: env!("CARGO_PKG_NAME"),
            manifest_dir: env!("CARGO_MANIFEST_DIR"),
            module_path: module_path!(),
            file: file!(),
            line: line!(),
            item_path: bolero::__item_path__!(),
            test_name: None,
        };
        if !location.should_run() {
            return;
        }
        crate::engine::new(location, $iterations)
    }};
}
pub(crate) use target;

type Target<E> = bolero::TestTarget<bolero::ByteSliceGenerator, E, bolero::BorrowedInput>;

#[cfg(fuzzing)]
pub(crate) fn new(location: bolero::TargetLocation, _iterations: usize) -> Target<Engine> {
    Target::new(Engine::new(location))
}

#[cfg(not(fuzzing))]
pub(crate) fn new(location: bolero::TargetLocation, iterations: usize) -> Target<Engine> {
    Target::new(Engine::new(location, iterations))
}

#[cfg(not(fuzzing))]
mod fixed {
    use std::fmt::Debug;
    use std::path::PathBuf;

    use bolero::bolero_engine::input::Bytes;
    use bolero::bolero_engine::{Never, driver, panic, rng};
    use bolero::{TargetLocation, Test};

    use crate::script::SplitMix;

    /// The seed of all runs, unless `BOLERO_RANDOM_SEED` is set.
    const SEED: u128 = 0x766f_7563_6873_6166;
    /// Longest script, in bytes, unless `BOLERO_RANDOM_MAX_LEN` is set.
    const MAX_SCRIPT_BYTES: usize = 256;
    /// Where inputs are kept, below `__fuzz__/<target>/`.
    const FOLDERS: [&str; 2] = ["crashes", "corpus"];

    /// Replays kept inputs, then runs a fixed number of pseudo-random ones.
    #[derive(Debug)]
    pub(crate) struct FixedSeed {
        location: TargetLocation,
        iterations: usize,
    }

    impl FixedSeed {
        pub(crate) fn new(location: TargetLocation, iterations: usize) -> Self {
            Self { location, iterations }
        }

        fn kept_inputs(&self) -> impl Iterator<Item = PathBuf> {
            let folder = self.location.work_dir().unwrap();
            let mut files: Vec<PathBuf> = FOLDERS
                .into_iter()
                .filter_map(|name| std::fs::read_dir(folder.join(name)).ok())
                .flatten()
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.is_file())
                .collect();
            files.sort();
            files.into_iter()
        }
    }

    impl<T: Test> bolero::Engine<T> for FixedSeed
    where
        T::Value: Debug,
    {
        type Output = Never;

        fn run(self, mut test: T, options: driver::Options) -> Never {
            let settings = rng::Options::default();
            let iterations = settings.iterations.unwrap_or(self.iterations);
            let max_bytes = settings.max_len.unwrap_or(MAX_SCRIPT_BYTES);
            let name = self.location.item_path();
            let mut random = SplitMix::new(settings.seed.unwrap_or(SEED), &name);

            let kept = self.kept_inputs().map(|path| std::fs::read(path).unwrap());
            let made = (0..iterations).map(|_| {
                let len = random.below(max_bytes + 1);
                random.bytes(len)
            });
            panic::set_hook();
            panic::forward_panic(false);
            for (number, input) in kept.chain(made).enumerate() {
                let Err(error) = test.test(&mut Bytes::new(&input, &options)) else { continue };
                let shrunk = test.shrink(input, None, &options);
                panic::forward_panic(true);
                match shrunk {
                    Some(failure) => panic!("{name}, input {number}:\n{failure:#}"),
                    None => panic!("{name}, input {number}: {error}"),
                }
            }
            panic::forward_panic(true);
        }
    }
}
