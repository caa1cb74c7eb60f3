//! Several nodes: whatever is written where, and however it travels, they end alike.

mod convergence;
mod copies;
mod crashes;
mod errors;
mod events;
mod flow;
mod foreign;
mod future;
mod large;
mod model;
mod news;
mod orders;
mod past;
mod profile;
mod resolutions;
mod retries;
mod returns;
mod rights;
mod schema;
mod site;
mod stale;
mod stories;
mod trees;
mod unique;
mod values;
mod world;
