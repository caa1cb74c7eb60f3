//! Several nodes: whatever is written where, and however it travels, they end alike.

mod convergence;
mod crashes;
mod events;
mod future;
mod orders;
mod profile;
mod schema;
mod stories;
mod trees;
mod world;
