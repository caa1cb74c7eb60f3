//! Nodes on servers of their own, which PostgreSQL's logical replication connects.

mod copies;
mod editors;
mod keys;
mod net;
mod plain;
mod rights;
mod storm;
mod topologies;
mod trouble;
