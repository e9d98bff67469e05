//! The program as a whole, and its rooms as their neighbours see them.

mod server;
