//! Several nodes: whatever is written where, and however it travels, they end alike.

mod convergence;
mod stories;
mod trees;
mod world;
