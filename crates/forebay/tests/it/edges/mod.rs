//! `warm`, `purge` and `refresh` as their users meet them: on real caches where a cache has to be believed, on a scripted one where
//! something goes wrong.
//!
//! | file | what it shows |
//! |---|---|
//! | `asked` | the program on a scripted edge, and what it said |
//! | `proved` | one list on a real cache, with proof; caches that lie |
//! | `broken` | answers that are cut, late, too long or none |
//! | `care` | slow, dead and throttling edges; caps; Ctrl-C |
//! | `requests` | what is sent: methods, fields, hosts, forms, certificates |
//! | `lists` | where URLs come from |
//! | `below` | URLs of what lies below a place |
//! | `said` | rows, lines of JSON, plans |
//! | `tiers` | parents before children |

mod asked;
mod below;
mod broken;
mod care;
mod lists;
mod proved;
mod requests;
mod said;
mod tiers;
