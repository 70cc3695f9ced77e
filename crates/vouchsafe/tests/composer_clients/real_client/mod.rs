//! Both Composers at work. What they must do is one list of steps for each topic; what they print
//! differs, and is asserted on where a person needs it.

mod audit;
mod install;
mod moving;
mod policy;
mod private;
mod proxied;
mod refusals;
mod setup;
