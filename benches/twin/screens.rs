//! The requests of whole screens: several fields, or several kinds of objects.

use axum::{http::StatusCode, response::Response};
use serde::Deserialize;
use taskward::time::Zone;
use uuid::Uuid;

use super::{
    Failure, Twin, cursor,
    reads::{Log, Present},
    reply,
    response::{
        ChangePage, Changes, Count, DueTask, FirstVersion, Found, FoundTask, Mutation, Newest,
        NodeConnection, OneList, PageInfo, PayloadWithQuery, Today,
    },
    search::Search,
    time::Millis,
};

/// The most changes of a page.
const MAX_CHANGES: usize = 500;

#[derive(Deserialize)]
pub struct ListVariables {
    id: Uuid,
}

#[derive(Deserialize)]
pub struct CreateVariables {
    input: TitleInput,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TitleInput {
    title: String,
}

#[derive(Deserialize)]
pub struct ChangesVariables {
    since: String,
}

#[derive(Deserialize)]
pub struct SearchVariables {
    search: String,
}

impl Twin {
    pub async fn today(&self, sub: &str) -> Result<Response, Failure> {
        let user = self.reader(sub).await?;
        let now = self.clock.now();
        let zone = self.database.zone(user).await?;
        let zone = zone.and_then(|name| Zone::named(&name)).unwrap_or(Zone::UTC);
        let present = Present { now: Millis(now.millis()), today: zone.day(now) };
        let mut tasks = self.database.due_tasks(user, present).await?;
        let page_info = take_page(&mut tasks, 50, |DueTask { keys, id, .. }| {
            cursor::of_task("tasks by Due Asc, Priority Desc", keys, *id)
        });
        let ids: Vec<_> = tasks.iter().map(|task| task.id).collect();
        let mut tags = self.database.colored_tags(user, &ids).await?;
        for task in &mut tasks {
            task.tags = tags.remove(&task.id).unwrap_or_default();
        }
        let (inbox, late) = self.database.counts(user, present).await?;
        let [inbox, late] = [inbox, late].map(|total_count| Count { total_count });
        reply(&Today { tasks: NodeConnection::page(tasks, page_info), inbox, late })
    }

    pub async fn one_list(&self, sub: &str, variables: ListVariables) -> Result<Response, Failure> {
        let user = self.reader(sub).await?;
        let list = self.database.list(user, variables.id).await?;
        let mut tasks = self.database.tasks_of_list(user, variables.id).await?;
        let ids: Vec<_> = tasks.iter().map(|task| task.id).collect();
        let mut subtasks = self.database.subtasks(user, &ids).await?;
        for task in &mut tasks {
            if let Some(its) = subtasks.remove(&task.id) {
                task.subtasks = its;
            }
        }
        reply(&OneList { list, tasks: NodeConnection::only(tasks) })
    }

    pub async fn create_and_read(
        &self,
        sub: &str,
        variables: CreateVariables,
    ) -> Result<Response, Failure> {
        let (user, task) = self.insert(sub, &variables.input.title).await?;
        let task = FirstVersion { id: task.id, title: task.title, version: 1 };
        let query = Newest { tasks: self.database.newest(user).await? };
        reply(&Mutation::CreateTask(PayloadWithQuery { task, query }))
    }

    /// Knows one page, of a log that has not been purged beyond the cursor.
    pub async fn changes(
        &self,
        sub: &str,
        variables: ChangesVariables,
    ) -> Result<Response, Failure> {
        let since = cursor::change_seq(sub, &variables.since);
        let since = since.ok_or(Failure(StatusCode::BAD_REQUEST))?;
        let user = self.reader(sub).await?;
        let Log { counter, purged_through_seq, changes } =
            self.database.changes(user, since).await?;
        if changes.len() > MAX_CHANGES || since < purged_through_seq || since > counter {
            return Err(Failure(StatusCode::NOT_IMPLEMENTED));
        }
        let cursor = cursor::of_change(sub, counter);
        reply(&Changes { changes: ChangePage { changes, cursor, has_more: false, reset: false } })
    }

    pub async fn search(&self, sub: &str, variables: SearchVariables) -> Result<Response, Failure> {
        let user = self.reader(sub).await?;
        let search = Search::parse(user, &variables.search);
        let search = search.ok_or(Failure(StatusCode::BAD_REQUEST))?;
        let mut tasks = self.database.search(user, &search).await?;
        let page_info = take_page(&mut tasks, 20, |FoundTask { keys, id, .. }| {
            cursor::of_task("tasks by Relevance Desc", keys, *id)
        });
        reply(&Found { tasks: NodeConnection::page(tasks, page_info) })
    }
}

/// Cuts the rows down to a page; one row more tells whether there is a next page.
fn take_page<T>(rows: &mut Vec<T>, most: usize, cursor: impl FnOnce(&T) -> String) -> PageInfo {
    let has_next_page = rows.len() > most;
    rows.truncate(most);
    PageInfo { has_next_page, end_cursor: rows.last().map(cursor) }
}
