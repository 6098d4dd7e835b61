//! A place across a network as a store: the contract, and what it promises beyond that.

use std::sync::Arc;

use forebay_budget::{ByteSize, Class, Ledger};
use forebay_store::origin::{Origin, OriginOptions};
use forebay_store::remote::{Remote, Tenacity};
use forebay_store::{
    Access, Content, Kind, ListAsk, Order, RemoteStore, RemoteStoreOptions, SortBy, Store, StoreErrorKind,
};
use forebay_testkit::fake::Verb;
use forebay_testkit::fake_s3::Draft;
use url::Url;

use crate::bench::{fetch, key, list_error, names, open, read};
use crate::contract::{Subject, contract};
use crate::scripted::client;
use crate::shelf::Shelf;
use crate::web::Web;

fn over(remote: Arc<dyn Remote>, prefix: &str) -> RemoteStore {
    let options = RemoteStoreOptions {
        prefix: prefix.into(),
        ledger: Ledger::new([(Class::Listings, ByteSize::mib(1))]),
        patience: std::time::Duration::from_secs(1),
        tenacity: Tenacity::default(),
    };
    RemoteStore::new(remote, options)
}

struct Prefixed {
    shelf: Arc<Shelf>,
}

impl Prefixed {
    fn new() -> Self {
        Self { shelf: Arc::new(Shelf::new()) }
    }
}

impl Subject for Prefixed {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(over(Arc::<Shelf>::clone(&self.shelf), "below/here/"))
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        self.shelf.put_listed(&format!("below/here/{name}"), bytes);
    }

    fn remove(&self, name: &str) {
        self.shelf.remove(&format!("below/here/{name}"));
    }

    async fn settle(&self) {}
}

contract!(
    below_a_prefix,
    Prefixed::new(),
    read::an_object_is_the_bytes_that_were_put,
    read::a_range_is_exactly_its_bytes,
    read::a_range_beyond_the_end_is_invalid,
    read::what_is_not_there_is_not_found,
    read::a_directory_opens_and_has_no_bytes,
    read::names_are_kept_as_they_are,
    read::the_same_version_has_the_same_tag,
    list::every_order_shows_every_entry_once_whatever_the_page_size,
    list::what_is_listed_is_what_opens,
    list::paging_goes_on_where_it_stopped_while_others_come_and_go,
    list::a_directory_that_is_not_there_is_not_found,
    list::a_foreign_cursor_is_invalid,
    tree::a_walk_of_nothing_ends_and_of_a_missing_root_fails,
);

#[tokio::test]
async fn nothing_beside_the_prefix_can_be_named() {
    let shelf = Arc::new(Shelf::new());
    for name in ["secret", "below", "below/hereafter", "below/here/in"] {
        shelf.put_listed(name, name.as_bytes());
    }
    let store = over(Arc::<Shelf>::clone(&shelf), "below/here/");
    for path in ["secret", "below", "after", "here/in", "below/here/in"] {
        assert_eq!(fetch(&store, path).await, Err(StoreErrorKind::NotFound), "{path}");
    }
    assert_eq!(fetch(&store, "in").await.unwrap(), b"below/here/in");
    assert_eq!(names(&store, "", Order::default(), 10).await, ["in"]);
    for path in [&b"\xff"[..], "x/".repeat(600).as_bytes()] {
        assert_eq!(open(&store, path).await.unwrap_err(), StoreErrorKind::NotFound);
    }
}

#[tokio::test]
async fn what_was_replaced_or_removed_is_changed_and_never_mixed() {
    let shelf = Arc::new(Shelf::new());
    let store = over(Arc::<Shelf>::clone(&shelf), "");
    for replaced in [true, false] {
        shelf.put_listed("a", &[b'1'; 1000]);
        let object = open(&store, "a").await.unwrap();
        if replaced {
            shelf.put_listed("a", &[b'2'; 1000])
        } else {
            shelf.remove("a")
        }
        let Content::Remote(span) = object.read_all().unwrap() else { panic!("it is across a network") };
        let expected = if replaced { StoreErrorKind::Changed } else { StoreErrorKind::NotFound };
        assert_eq!(span.open().await.unwrap_err().kind(), expected);
    }
}

#[tokio::test]
async fn opening_costs_one_request_and_naming_a_range_none() {
    let shelf = Arc::new(Shelf::new());
    shelf.put_listed("a", b"12345");
    let store = over(Arc::<Shelf>::clone(&shelf), "");
    let object = store.try_open(&key("a")).await.unwrap();
    let _named = object.read_all().unwrap();
    assert_eq!((shelf.s3.count(Verb::Head), shelf.s3.count(Verb::Get)), (1, 0));
    assert_eq!(read(&object).await, b"12345");
    assert_eq!(shelf.s3.count(Verb::Get), 1);
}

#[tokio::test]
async fn what_is_stored_beside_an_object_comes_with_it() {
    let shelf = Arc::new(Shelf::new());
    let draft = Draft::bytes(&b"x"[..]).field("content-type", "text/x-test").field("content-language", "de");
    shelf.s3.put("b", "a", draft);
    let object = open(&over(shelf, ""), "a").await.unwrap();
    let attributes = object.meta().attributes.clone().unwrap();
    assert_eq!(attributes.content_type.as_deref(), Some("text/x-test"));
    assert_eq!(attributes.content_language.as_deref(), Some("de"));
    assert_eq!(object.meta().access, Access::Ranges);
}

#[tokio::test]
async fn large_directories_are_listed_by_name_in_pages_and_in_no_other_order() {
    let shelf = Arc::new(Shelf::new());
    for number in 0..5100 {
        shelf.put_listed(&format!("d/{number:05}"), b"");
    }
    shelf.put_listed("d/00007/in", b"");
    shelf.put_listed("d/00007.txt", b"");
    let store = over(Arc::<Shelf>::clone(&shelf), "");
    for order in
        [Order::default(), Order { grouping: forebay_store::Grouping::DirectoriesFirst, ..Order::default() }]
    {
        let all = names(&store, "d", order, 1000).await;
        assert_eq!(all.len(), 5102, "each once, the directory and the file of one name too");
        assert_eq!(all[7..11], ["00007", "00007.txt", "00007", "00008"], "the slash of a directory counts");
    }
    let by_size = Order { by: SortBy::Size, ..Order::default() };
    let ask = ListAsk { limit: 10, order: by_size, ..ListAsk::default() };
    assert_eq!(list_error(&store, "d", ask).await, StoreErrorKind::Invalid);
}

#[tokio::test]
async fn what_no_key_can_open_is_not_listed() {
    let shelf = Arc::new(Shelf::new());
    for name in ["d/", "d//x", "d/../x", "d/.", "d/ok", "d/.forebay-part"] {
        shelf.put_listed(name, b"");
    }
    assert_eq!(names(&over(shelf, ""), "d", Order::default(), 10).await, ["ok"]);
}

#[tokio::test]
async fn a_web_server_has_objects_and_no_directories() {
    let web = Web::start(|asked| match asked.line.split_once(' ').map(|(_, path)| path) {
        Some("/base/dir/a") => {
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx".to_owned()
        }
        Some("/base/endless") => "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc".to_owned(),
        _ => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(),
    })
    .await;
    let base = Url::parse(&format!("{}/base/", web.url)).unwrap();
    let store = over(Arc::new(Origin::new(base, client(), OriginOptions::default()).unwrap()), "");
    let object = open(&store, "dir/a").await.unwrap();
    assert_eq!((object.meta().len, object.meta().access), (1, Access::Whole));
    assert_eq!(open(&store, "dir").await.unwrap_err(), StoreErrorKind::NotFound);
    assert_eq!(open(&store, "").await.unwrap().meta().kind, Kind::Directory);
    assert_eq!(list_error(&store, "", ListAsk::default()).await, StoreErrorKind::NotFound);

    let endless = open(&store, "endless").await.unwrap();
    assert_eq!(endless.meta().access, Access::Unmeasured);
    let content = endless.read_all().unwrap();
    assert_eq!((content.len(), crate::bench::bytes(&content).await), (None, b"abc".to_vec()));
}
