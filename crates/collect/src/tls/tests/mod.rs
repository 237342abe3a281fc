//! Over real sockets on loopback: honest servers of every kind, and hostile ones.

mod fleet;
mod honest;
mod hostile;
mod servers;
