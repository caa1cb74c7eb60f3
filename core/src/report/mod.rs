//! The pure parts of `concord.report()`: markup that cannot be broken into, words, numbers, charts and
//! conflicts as HTML.

pub mod card;
pub mod chart;
pub mod conflict;
pub mod excerpt;
pub mod html;
pub mod phrases;
pub mod quantity;
pub mod resolve;
pub mod words;
