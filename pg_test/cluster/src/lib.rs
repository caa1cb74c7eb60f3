//! What the cluster tests stand on: throwaway clusters that can be stopped, killed, copied and set
//! to another time; sessions in them; load from many connections; and the checks of the log that it
//! leaves. The tests are under `tests/`.

pub mod check;
pub mod clock;
pub mod cluster;
pub mod events;
pub mod fast_path;
pub mod load;
pub mod numbers;
pub mod owned_code;
pub mod place;
pub mod process;
pub mod random;
pub mod session;
pub mod standby;
pub mod wait;
