//! Subtasks, tags and lists are paged as tasks are.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::page::{List, subtasks_of_each};
use crate::harness::{Api, on_each_database};

on_each_database! {
    async fn tags_come_by_name_from_both_ends(api: Api) {
        for name in ["delta", "Écru", "alpha", "Bravo", "echo", "charlie"] {
            api.alice.creates_tag(name).await;
        }
        api.bob.creates_tag("bob").await;
        let whole = List::Tags.walked(&api.alice, &json!({})).await;
        assert_eq!((&*whole.shown(), whole.total), ("alpha Bravo charlie delta echo Écru", 6));
        for (arguments, expected) in [
            (json!({ "first": 2, "after": whole.at("Bravo") }), "… charlie delta …"),
            (json!({ "last": 2, "before": whole.at("Bravo") }), "alpha …"),
            (json!({ "first": 0, "after": whole.at("Écru") }), "…"),
            (json!({ "last": 9, "after": whole.at("delta") }), "… echo Écru"),
            (json!({ "after": whole.at("alpha"), "before": whole.at("delta") }), "… Bravo charlie …"),
        ] {
            assert_eq!(List::Tags.shown(&api.alice, arguments).await, expected);
        }
    }

    async fn lists_come_by_position_from_both_ends_the_archived_when_asked_for(api: Api) {
        let outline = api.create("a:; b:; c:; d:; e:; f:").await;
        let alice = outline.person();
        for list in ["b", "f"] {
            let input = json!({ "id": outline.id(list), "archived": true });
            alice.does("updateList", input, "list { id }").await;
        }
        let in_use = List::TaskLists.walked(&alice, &json!({})).await;
        assert_eq!((&*in_use.shown(), in_use.total), ("a c d e", 4));
        let whole = List::TaskLists.walked(&alice, &json!({ "includeArchived": true })).await;
        assert_eq!((&*whole.shown(), whole.total), ("a b c d e f", 6));
        for (arguments, expected) in [
            (json!({ "first": 1, "after": in_use.at("a") }), "… c …"),
            (json!({ "first": 1, "after": in_use.at("a"), "includeArchived": true }), "… b …"),
            // The place of an archived list is one among those in use.
            (json!({ "first": 1, "after": whole.at("b") }), "… c …"),
            (json!({ "last": 1, "before": whole.at("b") }), "a …"),
            (json!({ "last": 1, "before": whole.at("f") }), "… e"),
            (json!({ "first": 0, "after": whole.at("e") }), "…"),
            (json!({ "first": 0, "after": whole.at("e"), "includeArchived": true }), "… …"),
        ] {
            assert_eq!(List::TaskLists.shown(&alice, arguments).await, expected);
        }
    }

    async fn a_reader_meets_each_tag_and_each_list_once_whatever_comes_and_goes(api: Api) {
        let mut lists = Vec::new();
        for name in ["b", "d", "f", "h"] {
            api.alice.creates_tag(name).await;
            lists.push(api.alice.creates_list(name).await);
        }
        let tags = List::Tags.page(&api.alice, json!({ "first": 2 })).await;
        api.alice.does("deleteTag", json!({ "id": tags.ids()[1] }), "deletedIds").await;
        for name in ["a", "c", "g"] {
            api.alice.creates_tag(name).await;
        }
        let rest = json!({ "after": tags.at("d") });
        assert_eq!(List::Tags.shown(&api.alice, rest).await, "… f g h");
        let back = json!({ "last": 2, "before": tags.at("d") });
        assert_eq!(List::Tags.shown(&api.alice, back).await, "… b c …");

        let page = List::TaskLists.page(&api.alice, json!({ "first": 2 })).await;
        api.alice.does("deleteList", json!({ "id": lists[1] }), "deletedIds").await;
        for (name, place) in [("a", json!({ "before": lists[0] })), ("g", json!({ "after": lists[2] }))] {
            api.alice.does("createList", json!({ "name": name, "place": place }), "list { id }").await;
        }
        let rest = json!({ "after": page.at("d") });
        assert_eq!(List::TaskLists.shown(&api.alice, rest).await, "… f g h");
        let back = json!({ "last": 1, "before": page.at("d") });
        assert_eq!(List::TaskLists.shown(&api.alice, back).await, "… b …");
    }

    async fn no_list_takes_the_cursor_of_another_kind(api: Api) {
        let outline = api.create("a(b); Garden:").await;
        let alice = outline.person();
        alice.creates_tag("tag").await;
        let lists = [List::Tasks, List::Subtasks(outline.id("a")), List::Tags, List::TaskLists];
        for (number, made) in lists.into_iter().enumerate() {
            let cursor = made.page(&alice, json!({})).await.cursors.remove(0);
            for (other, list) in lists.into_iter().enumerate() {
                for side in ["after", "before"] {
                    let arguments = json!({ side: cursor });
                    if other == number {
                        list.page(&alice, arguments).await;
                    } else {
                        assert_eq!(list.refused(&alice, arguments).await, side, "{made:?} {list:?}");
                    }
                }
            }
        }
        // By the same order, though, a place among all tasks is one among subtasks.
        let arranged = json!({ "orderBy": [{ "field": "POSITION" }], "filter": { "parent": { "isNull": false } } });
        let cursor = List::Tasks.page(&alice, arranged).await.cursors.remove(0);
        assert_eq!(lists[1].shown(&alice, json!({ "after": cursor })).await, "…");
        assert_eq!(lists[1].shown(&alice, json!({ "before": cursor })).await, "…");
    }

    async fn subtasks_come_as_they_are_arranged_or_in_any_other_order(api: Api) {
        let outline = api.create("a(d e b f c) g(h(i)) j").await;
        let (alice, under_a) = (outline.person(), List::Subtasks(outline.id("a")));
        outline.moves("f", json!({ "place": { "before": "d" } })).await;
        for (order, expected) in [
            (Value::Null, "f d e b c"),
            (json!([]), "f d e b c"),
            (json!([{ "field": "POSITION", "direction": "DESC" }]), "c b e d f"),
            (json!([{ "field": "TITLE" }]), "b c d e f"),
            (json!([{ "field": "PRIORITY" }, { "field": "TITLE", "direction": "DESC" }]), "f e d c b"),
        ] {
            let whole = under_a.walked(&alice, &json!({ "orderBy": order })).await;
            assert_eq!((&*whole.shown(), whole.total), (expected, 5), "{order}");
        }
        let found = json!({ "filter": { "search": "e" }, "orderBy": [{ "field": "RELEVANCE" }] });
        assert_eq!(under_a.walked(&alice, &found).await.shown(), "e");
        for nobodys in ["h", "i", "j"] {
            let expected = if nobodys == "h" { "i" } else { "" };
            assert_eq!(List::Subtasks(outline.id(nobodys)).shown(&alice, json!({})).await, expected);
        }
    }

    async fn a_page_of_subtasks_is_the_same_for_one_task_and_for_several(api: Api) {
        let outline = api.create("a(b c d e) f(g h(i)) j").await;
        let alice = outline.person();
        let whole = List::Subtasks(outline.id("a")).page(&alice, json!({ "first": 9 })).await;
        for (arguments, of_a) in [
            (json!({ "first": 2 }), "b c …"),
            (json!({ "last": 2 }), "… d e"),
            (json!({ "first": 0 }), "…"),
            (json!({ "last": 0 }), "…"),
            (json!({ "first": 2, "after": whole.at("b") }), "… c d …"),
            (json!({ "last": 1, "before": whole.at("d") }), "… c …"),
            (json!({ "first": 0, "after": whole.at("e") }), "…"),
            (json!({ "first": 3, "after": whole.at("b"), "before": whole.at("d") }), "… c …"),
            (json!({ "last": 3, "after": whole.at("d"), "before": whole.at("c") }), "… …"),
            (json!({ "first": 3, "filter": { "not": { "search": "c" } } }), "b d e"),
            (json!({ "first": 3, "filter": { "search": "z" } }), ""),
        ] {
            let pages = subtasks_of_each(&alice, arguments.clone()).await;
            assert_eq!(pages[outline.id("a")].shown(), of_a, "{arguments}");
            assert_eq!(pages.len(), 10);
            for (task, page) in &pages {
                assert_eq!(List::Subtasks(task).page(&alice, arguments.clone()).await, *page, "{arguments}");
            }
        }
    }

    async fn of_a_task_in_the_trash_those_show_that_went_along(api: Api) {
        let outline = api.create("a(b c(d) e)").await;
        let under_a = List::Subtasks(outline.id("a"));
        outline.trashes("c").await;
        api.wait(TimeDelta::seconds(1));
        outline.trashes("a").await;
        for (filter, expected) in [
            (Value::Null, "b e"),
            (json!({ "trash": "EXCLUDE" }), "b e"),
            (json!({ "trash": "ONLY" }), "b c e"),
            (json!({ "trash": "INCLUDE", "not": { "search": "e" } }), "b c"),
        ] {
            let arguments = json!({ "filter": filter });
            assert_eq!(under_a.walked(&outline.person(), &arguments).await.shown(), expected, "{filter}");
        }
        assert_eq!(List::Subtasks(outline.id("c")).shown(&outline.person(), json!({})).await, "d");
        outline.restores("a").await;
        assert_eq!(under_a.shown(&outline.person(), json!({})).await, "b e");
        assert_eq!(under_a.shown(&outline.person(), json!({ "filter": { "trash": "ONLY" } })).await, "c");
    }
}
