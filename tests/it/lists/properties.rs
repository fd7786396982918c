//! Random lists against the model: few distinct values, so that ties and nulls are common.

mod strategies;
mod world;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use proptest::{
    collection::vec,
    prelude::{Strategy, any},
};
use serde_json::json;

use self::{
    strategies::{changes, filter, order, search, setup, view, window},
    world::{Shown, Window, World},
};
use super::{
    model::{self, Order},
    page::{List, page, subtasks_of_each},
};
use crate::harness::{self, Api, on_each_database};

/// Runs a test of somebody new with random values.
async fn for_any<S: Strategy + 'static, T>(api: Api, cases: u32, strategy: fn() -> S, test: T)
where
    T: AsyncFn(World, S::Value) + Send + 'static,
{
    static USERS: AtomicUsize = AtomicUsize::new(0);
    let api = Arc::new(api);
    let test = async move |value| {
        let user = format!("user-{}", USERS.fetch_add(1, Ordering::Relaxed));
        test(World::of(&api, &user).await, value).await;
    };
    harness::for_any(cases, strategy, test).await;
}

on_each_database! {
    async fn every_page_is_that_of_the_model(api: Api) {
        let lists = || {
            let windows = vec((view(), window()), 1..10);
            (setup(), order(), search(), windows, changes())
        };
        for_any(api, 24, lists, async |mut world, (setup, order, search, windows, later)| {
            world.changes(&setup).await;
            let places = world.places(search, &order).await;
            // Some of the places are then where no task stands any more.
            world.changes(&later).await;
            for (view, window) in windows {
                let window = Window::at(window, &places);
                let page = page(&world.user, window.arguments(&view, &order)).await;
                let expected = Shown::by_model(world.tasks.values(), &view, &order, &window);
                assert_eq!(Shown::by(&page, &view), expected, "{window:?}");
            }
        })
        .await;
    }

    async fn a_reader_meets_every_task_that_stays_exactly_once(api: Api) {
        let reading = || {
            let steps = vec((0..5_usize, changes()), 1..12);
            (setup(), order(), view(), any::<bool>(), steps)
        };
        for_any(api, 24, reading, async |mut world, (setup, order, view, from_end, steps)| {
            world.changes(&setup).await;
            world.rest();
            let mut met: Vec<String> = Vec::new();
            let mut place = None;
            for (count, between) in steps.into_iter().chain([(100, Vec::new())]) {
                let (after, before) =
                    if from_end { (None, place.take()) } else { (place.take(), None) };
                let window = Window { count, from_end, after, before };
                let page = world.page(&view, &order, &window).await;
                let ids = page.ids().into_iter().map(str::to_owned);
                if from_end {
                    met.splice(0..0, ids);
                } else {
                    met.extend(ids);
                }
                let edge = if from_end { 0 } else { page.tasks.len().saturating_sub(1) };
                let edge = page.cursors.get(edge).cloned().zip(page.tasks.get(edge).cloned());
                place = edge.or(window.after).or(window.before);
                world.changes(&between).await;
            }
            let stayed = |id: &&str| !world.touched.contains(*id);
            let list = model::list(world.tasks.values(), &view, &order);
            let all: Vec<_> =
                list.iter().map(|task| task["id"].as_str().unwrap()).filter(stayed).collect();
            let met: Vec<_> = met.iter().map(String::as_str).filter(stayed).collect();
            assert_eq!(met, all);
        })
        .await;
    }

    async fn every_page_of_subtasks_is_that_of_the_model(api: Api) {
        let lists = || {
            let windows = vec((view(), window()), 1..6);
            (setup(), order(), search(), windows, changes())
        };
        for_any(api, 24, lists, async |mut world, (setup, order, search, windows, later)| {
            world.changes(&setup).await;
            // Their usual order is another one than that of tasks.
            let meant = if order.is_empty() { vec![("POSITION", false)] } else { order.clone() };
            let places = world.places(search, &meant).await;
            world.changes(&later).await;
            for (view, window) in windows {
                let window = Window::at(window, &places);
                let arguments = window.arguments(&view, &order);
                let pages = subtasks_of_each(&world.user, arguments.clone()).await;
                assert_eq!(pages.len(), world.tasks.len());
                for (id, page) in pages {
                    // Read by themselves they are the same.
                    assert_eq!(List::Subtasks(&id).page(&world.user, arguments.clone()).await, page);
                    // Which of them went to the trash with their parent, the model does not know.
                    if view.get("trash").is_some() || world.tasks[&id]["deletedAt"].is_null() {
                        let subtasks = world.tasks.values().filter(|it| it["parent"]["id"] == *id);
                        let expected = Shown::by_model(subtasks, &view, &meant, &window);
                        assert_eq!(Shown::by(&page, &view), expected, "{window:?}");
                    }
                }
            }
        })
        .await;
    }

    async fn every_filter_is_that_of_the_model(api: Api) {
        let filters = || (setup(), vec((filter(2), filter(2)), 1..8));
        for_any(api, 24, filters, async |mut world, (setup, filters)| {
            world.changes(&setup).await;
            let order = Order::new();
            let all = Window { count: 100, ..Window::default() };
            let everything = world.page(&json!({}), &order, &all).await;
            for (one, other) in filters {
                let kept = world.page(&one, &order, &all).await;
                // The trash is read at the top only, where `not` has none.
                let mut inside = one.clone();
                let trash = inside.as_object_mut().unwrap().remove("trash");
                let left = world.page(&json!({ "not": inside }), &order, &all).await;
                world.page(&json!({ "and": [one, other] }), &order, &all).await;
                world.page(&json!({ "or": [one, other] }), &order, &all).await;

                let asks_for_nothing = left.total == everything.total && kept.total == left.total;
                if trash.is_none() && !asks_for_nothing {
                    let mut both = [kept.ids(), left.ids()].concat();
                    let mut every = everything.ids();
                    both.sort_unstable();
                    every.sort_unstable();
                    assert_eq!(both, every, "{one}");
                }
            }
        })
        .await;
    }
}
