//! The server as a whole: a real database file, a real socket, and, where a process has to die, a real process.

mod app;
mod durability;
mod hostile;
mod page;
mod start;
mod stream;
mod trading;
