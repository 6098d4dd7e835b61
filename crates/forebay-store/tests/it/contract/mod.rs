//! What every store promises, as functions over any store.
//!
//! A store joins by a [`Subject`] (how to put, replace and remove an object behind its back) and one line of
//! [`contract!`](crate::contract::contract), which makes a test of each promise.

pub(crate) mod list;
pub(crate) mod read;
pub(crate) mod tree;

use std::sync::Arc;

use forebay_store::Store;

/// A store, and the hand that changes what it serves.
pub(crate) trait Subject {
    fn store(&self) -> Arc<dyn Store>;
    /// Creates or atomically replaces an object.
    fn put(&self, name: &str, bytes: &[u8]);
    fn remove(&self, name: &str);
    /// Lets pass the time after which the store promises to have noticed.
    fn settle(&self) -> impl Future<Output = ()>;
}

macro_rules! contract {
    // For subjects whose sockets are real, and so is their time.
    ($module:ident, $subject:expr, $($file:ident :: $promise:ident),* $(,)?) => {
        mod $module {
            use super::*;
            $(
                #[tokio::test]
                async fn $promise() {
                    $crate::contract::$file::$promise(&$subject).await;
                }
            )*
        }
    };
    ($subject:expr => $($file:ident :: $promise:ident),* $(,)?) => {$(
        #[tokio::test(start_paused = true)]
        async fn $promise() {
            $crate::contract::$file::$promise(&$subject).await;
        }
    )*};
    ($module:ident, $subject:expr) => {
        mod $module {
            use super::*;

            $crate::contract::contract! { $subject =>
                read::an_object_is_the_bytes_that_were_put,
                read::a_range_is_exactly_its_bytes,
                read::a_range_beyond_the_end_is_invalid,
                read::what_is_not_there_is_not_found,
                read::a_directory_opens_and_has_no_bytes,
                read::names_are_kept_as_they_are,
                read::an_object_is_one_version_even_when_it_is_replaced,
                read::an_object_is_one_version_even_when_it_is_removed,
                read::the_same_version_has_the_same_tag,
                list::every_order_shows_every_entry_once_whatever_the_page_size,
                list::what_is_listed_is_what_opens,
                list::paging_goes_on_where_it_stopped_while_others_come_and_go,
                list::a_directory_that_is_not_there_is_not_found,
                list::a_foreign_cursor_is_invalid,
                tree::a_walk_sees_everything_once_and_in_order,
                tree::a_walk_of_nothing_ends_and_of_a_missing_root_fails,
            }
        }
    };
}

pub(crate) use contract;
