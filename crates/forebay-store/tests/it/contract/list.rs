//! The promises of `list`.

use forebay_store::{
    Cursor, Direction, Entry, Grouping, Kind, ListAsk, ListPage, Order, SortBy, Store, StoreErrorKind,
};

use super::Subject;
use crate::bench::{key, list_error, names, open};

fn orders() -> impl Iterator<Item = Order> {
    let by = [SortBy::Name, SortBy::Size, SortBy::Modified];
    let directions = [Direction::Ascending, Direction::Descending];
    let groupings = [Grouping::Mixed, Grouping::DirectoriesFirst];
    by.into_iter().flat_map(move |by| {
        directions.into_iter().flat_map(move |direction| {
            groupings.into_iter().map(move |grouping| Order { by, direction, grouping })
        })
    })
}

fn seed(subject: &impl Subject) {
    for (name, len) in [("b", 10), ("a", 30), ("é", 0), ("c 1", 10), ("B", 5), ("z/in", 1), ("0/in", 2)] {
        subject.put(&format!("dir/{name}"), &vec![b'x'; len]);
    }
    subject.put("elsewhere", b"");
}

async fn all(store: &dyn Store, order: Order) -> Vec<Entry> {
    let page = store.list(&key("dir"), &ListAsk { limit: 1000, order, ..ListAsk::default() }).await.unwrap();
    assert!(page.next.is_none());
    page.entries.into_iter().collect()
}

/// The order as a person would write it.
fn sort(entries: &mut [Entry], order: Order) {
    entries.sort_by(|a, b| {
        let names = a.name.cmp(&b.name);
        let compared = match order.by {
            SortBy::Name => names,
            SortBy::Size => a.len.cmp(&b.len),
            SortBy::Modified => a.modified.cmp(&b.modified),
        };
        let turned = if order.direction == Direction::Descending { compared.reverse() } else { compared };
        let grouped = match order.grouping {
            Grouping::Mixed => std::cmp::Ordering::Equal,
            Grouping::DirectoriesFirst => b.kind.cmp(&a.kind),
        };
        grouped.then(turned).then(names)
    });
}

pub(crate) async fn every_order_shows_every_entry_once_whatever_the_page_size(subject: &impl Subject) {
    seed(subject);
    subject.settle().await;
    let store = subject.store();
    let mut expected = all(&*store, Order::default()).await;
    assert_eq!(expected.len(), 7);
    for order in orders() {
        sort(&mut expected, order);
        let expected: Vec<_> = expected.iter().map(|entry| entry.name.escape_ascii().to_string()).collect();
        for limit in [1, 2, 3, 7, 1000] {
            assert_eq!(names(&*store, "dir", order, limit).await, expected, "{order:?} by {limit}");
        }
    }
}

pub(crate) async fn what_is_listed_is_what_opens(subject: &impl Subject) {
    seed(subject);
    subject.settle().await;
    let store = subject.store();
    for order in orders() {
        for entry in all(&*store, order).await {
            let object = open(&*store, key("dir").join(&entry.name).unwrap().as_bytes()).await.unwrap();
            let meta = object.meta();
            assert_eq!((entry.kind, entry.len), (meta.kind, meta.len), "{entry:?}");
            if entry.kind == Kind::File {
                assert_eq!(entry.modified, meta.modified, "{entry:?}");
            }
        }
    }
}

pub(crate) async fn paging_goes_on_where_it_stopped_while_others_come_and_go(subject: &impl Subject) {
    for name in ["b", "d", "f", "h"] {
        subject.put(&format!("dir/{name}"), b"");
    }
    subject.settle().await;
    let store = subject.store();
    let ask = ListAsk { limit: 2, ..ListAsk::default() };
    let first = store.list(&key("dir"), &ask).await.unwrap();
    // The entry that the cursor stands on goes, one comes before it and one behind.
    subject.remove("dir/d");
    subject.put("dir/a", b"");
    subject.put("dir/g", b"");
    subject.settle().await;
    let ask = ListAsk { after: first.next.clone(), limit: 10, ..ListAsk::default() };
    let second = store.list(&key("dir"), &ask).await.unwrap();
    let seen = |page: &ListPage| page.entries.iter().map(|entry| entry.name[0] as char).collect::<String>();
    assert_eq!((seen(&first), seen(&second)), ("bd".to_owned(), "fgh".to_owned()));
    assert!(second.next.is_none());
}

pub(crate) async fn a_directory_that_is_not_there_is_not_found(subject: &impl Subject) {
    subject.put("file", b"");
    subject.settle().await;
    for dir in ["missing", "file", "file/below"] {
        let error = list_error(&*subject.store(), dir, ListAsk { limit: 10, ..ListAsk::default() }).await;
        assert_eq!(error, StoreErrorKind::NotFound, "{dir}");
    }
}

pub(crate) async fn a_foreign_cursor_is_invalid(subject: &impl Subject) {
    seed(subject);
    subject.settle().await;
    let store = subject.store();
    let ask = ListAsk { limit: 1, ..ListAsk::default() };
    let ours = store.list(&key("dir"), &ask).await.unwrap().next.unwrap();
    let by_size = Order { by: SortBy::Size, ..Order::default() };
    let bad = [(Cursor::new(*b"noise"), Order::default()), (ours, by_size)];
    for (cursor, order) in bad {
        let ask = ListAsk { after: Some(cursor), limit: 1, order, ..ListAsk::default() };
        assert_eq!(list_error(&*store, "dir", ask).await, StoreErrorKind::Invalid);
    }
}
