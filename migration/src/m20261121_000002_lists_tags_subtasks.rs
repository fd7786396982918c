//! Lists and tags, and for tasks: list, parent, position and search index.
//!
//! The table of tasks is built again, since SQLite cannot add a composite foreign key to an existing
//! table. Foreign keys include the owner, so that the database itself refuses a reference to a row of
//! another user.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::{
    column::{bytewise_text, instant},
    search,
    tables::{Tag, Task, TaskList, TaskTag, Tombstone, User, owned, references_user},
};

pub struct Migration;

pub const NAME: &str = "m20261121_000002_lists_tags_subtasks";

impl MigrationName for Migration {
    fn name(&self) -> &str {
        NAME
    }
}

#[derive(DeriveIden)]
struct TaskBefore;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let before = Table::rename().table(Task::Table, TaskBefore).take();
        manager.rename_table(before).await?;
        manager.create_table(lists(backend)).await?;
        manager.create_table(tags(backend)).await?;
        manager.create_table(tasks(backend)).await?;
        manager.create_table(task_tags()).await?;
        search::create_index(manager).await?;
        manager.get_connection().execute_unprepared(COPY).await?;
        manager.drop_table(Table::drop().table(TaskBefore).take()).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        for count in [User::Tasks, User::Tags, User::Lists] {
            let column = ColumnDef::new(count).big_integer().not_null().default(0).take();
            let alter = Table::alter().table(User::Table).add_column(column).take();
            manager.alter_table(alter).await?;
        }
        manager.get_connection().execute_unprepared(COUNT).await?;
        Ok(())
    }
}

/// All tasks move to the inbox, in the order of their creation. Each task in the trash counts as
/// deleted by itself. A position is a number of four base-62 digits, which the store continues. The
/// words are computed afterwards, see [`search::index_existing`].
const COPY: &str = "
WITH numbered AS (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY user_no ORDER BY created_at, id) AS n
    FROM task_before
), digits(all_62) AS (
    SELECT '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
)
INSERT INTO task (
    user_no, id, title, title_key, title_words, description, description_words, priority,
    due_on, due_at, due_asc, due_desc, completed_at, completed_asc, completed_desc,
    position, created_at, updated_at, deleted_at, deleted_with, version, number
)
SELECT user_no, id, title, title_key, '', description, '', priority,
    due_on, due_at, due_asc, due_desc, completed_at, completed_asc, completed_desc,
    'd' || substr(all_62, CAST(n / 238328 % 62 AS INTEGER) + 1, 1)
        || substr(all_62, CAST(n / 3844 % 62 AS INTEGER) + 1, 1)
        || substr(all_62, CAST(n / 62 % 62 AS INTEGER) + 1, 1)
        || substr(all_62, CAST(n % 62 AS INTEGER) + 1, 1),
    created_at, updated_at, deleted_at, CASE WHEN deleted_at IS NOT NULL THEN id END,
    version, number
FROM numbered, digits
";

const COUNT: &str =
    r#"UPDATE "user" SET tasks = (SELECT COUNT(*) FROM task WHERE task.user_no = "user".no)"#;

fn lists(backend: DbBackend) -> TableCreateStatement {
    owned(TaskList::Table)
        .col(ColumnDef::new(TaskList::Name).text().not_null())
        .col(ColumnDef::new(TaskList::Color).text())
        .col(bytewise_text(TaskList::Position, backend).not_null())
        .col(instant(TaskList::ArchivedAt, backend))
        .col(instant(TaskList::CreatedAt, backend).not_null())
        .col(instant(TaskList::UpdatedAt, backend).not_null())
        .col(ColumnDef::new(TaskList::Version).integer().not_null())
        .col(ColumnDef::new(TaskList::Number).big_integer().not_null())
        .take()
}

fn tags(backend: DbBackend) -> TableCreateStatement {
    owned(Tag::Table)
        .col(ColumnDef::new(Tag::Name).text().not_null())
        .col(bytewise_text(Tag::NameKey, backend).not_null())
        .col(ColumnDef::new(Tag::Color).text())
        .col(instant(Tag::CreatedAt, backend).not_null())
        .col(instant(Tag::UpdatedAt, backend).not_null())
        .col(ColumnDef::new(Tag::Version).integer().not_null())
        .col(ColumnDef::new(Tag::Number).big_integer().not_null())
        .take()
}

fn tasks(backend: DbBackend) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(Task::Table);
    let mut key = Index::create().name("task_key").col(Task::UserNo).col(Task::Id).take();
    if backend == DbBackend::Sqlite {
        // The search index of SQLite refers to rows by a number that never changes.
        table
            .col(ColumnDef::new(Task::No).integer().not_null().auto_increment().primary_key())
            .index(key.unique());
    } else {
        table.primary_key(&mut key);
    }
    table
        .col(ColumnDef::new(Task::UserNo).big_integer().not_null())
        .col(ColumnDef::new(Task::Id).uuid().not_null())
        .col(ColumnDef::new(Task::Title).text().not_null())
        .col(bytewise_text(Task::TitleKey, backend).not_null())
        .col(ColumnDef::new(Task::TitleWords).text().not_null())
        .col(ColumnDef::new(Task::Description).text())
        .col(ColumnDef::new(Task::DescriptionWords).text().not_null())
        .col(ColumnDef::new(Task::Priority).small_integer().not_null())
        .col(ColumnDef::new(Task::DueOn).date())
        .col(instant(Task::DueAt, backend))
        .col(ColumnDef::new(Task::DueAsc).big_integer().not_null())
        .col(ColumnDef::new(Task::DueDesc).big_integer().not_null())
        .col(instant(Task::CompletedAt, backend))
        .col(ColumnDef::new(Task::CompletedAsc).big_integer().not_null())
        .col(ColumnDef::new(Task::CompletedDesc).big_integer().not_null())
        .col(ColumnDef::new(Task::ListId).uuid())
        .col(ColumnDef::new(Task::ParentId).uuid())
        .col(bytewise_text(Task::Position, backend).not_null())
        .col(instant(Task::CreatedAt, backend).not_null())
        .col(instant(Task::UpdatedAt, backend).not_null())
        .col(instant(Task::DeletedAt, backend))
        .col(ColumnDef::new(Task::DeletedWith).uuid())
        .col(ColumnDef::new(Task::Version).integer().not_null())
        .col(ColumnDef::new(Task::Number).big_integer().not_null())
        .foreign_key(&mut references_user(Task::Table))
        .foreign_key(
            ForeignKey::create()
                .name("task_list_id")
                .from(Task::Table, (Task::UserNo, Task::ListId))
                .to(TaskList::Table, (TaskList::UserNo, TaskList::Id)),
        )
        .foreign_key(
            ForeignKey::create()
                .name("task_parent_id")
                .from(Task::Table, (Task::UserNo, Task::ParentId))
                .to(Task::Table, (Task::UserNo, Task::Id)),
        )
        .take()
}

fn task_tags() -> TableCreateStatement {
    Table::create()
        .table(TaskTag::Table)
        .col(ColumnDef::new(TaskTag::UserNo).big_integer().not_null())
        .col(ColumnDef::new(TaskTag::TaskId).uuid().not_null())
        .col(ColumnDef::new(TaskTag::TagId).uuid().not_null())
        .primary_key(Index::create().col(TaskTag::UserNo).col(TaskTag::TaskId).col(TaskTag::TagId))
        .foreign_key(
            ForeignKey::create()
                .name("task_tag_task_id")
                .from(TaskTag::Table, (TaskTag::UserNo, TaskTag::TaskId))
                .to(Task::Table, (Task::UserNo, Task::Id))
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .name("task_tag_tag_id")
                .from(TaskTag::Table, (TaskTag::UserNo, TaskTag::TagId))
                .to(Tag::Table, (Tag::UserNo, Tag::Id))
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}

fn indexes() -> Vec<IndexCreateStatement> {
    let mut indexes = task_orders();
    indexes.extend([
        // The trash in the default order, and by age, to empty it.
        task_index("task_trash", &[Task::CreatedAt])
            .cond_where(Expr::col(Task::DeletedAt).is_not_null())
            .take(),
        Index::create()
            .name("task_deleted")
            .table(Task::Table)
            .col(Task::DeletedAt)
            .cond_where(Expr::col(Task::DeletedAt).is_not_null())
            .take(),
        // Siblings by position: the top level of a list, and the subtasks of a task.
        task_index("task_list_position", &[Task::ListId, Task::ParentId, Task::Position]),
        task_index("task_parent_position", &[Task::ParentId, Task::Position])
            .cond_where(Expr::col(Task::ParentId).is_not_null())
            .take(),
        Index::create()
            .name("task_tag_tag")
            .table(TaskTag::Table)
            .col(TaskTag::UserNo)
            .col(TaskTag::TagId)
            .col(TaskTag::TaskId)
            .take(),
        Index::create()
            .name("tag_name")
            .table(Tag::Table)
            .col(Tag::UserNo)
            .col(Tag::NameKey)
            .unique()
            .take(),
        Index::create()
            .name("task_list_order")
            .table(TaskList::Table)
            .col(TaskList::UserNo)
            .col(TaskList::Position)
            .col(TaskList::Id)
            .take(),
        Index::create().name("tombstone_at").table(Tombstone::Table).col(Tombstone::At).take(),
    ]);
    indexes
}

/// One index for each order of the tasks outside the trash, so that a page is one range of the index.
/// An order with a nullable key has one per direction, since nulls are last in both.
fn task_orders() -> Vec<IndexCreateStatement> {
    [
        ("task_created", Task::CreatedAt),
        ("task_updated", Task::UpdatedAt),
        ("task_completed_asc", Task::CompletedAsc),
        ("task_completed_desc", Task::CompletedDesc),
        ("task_due_asc", Task::DueAsc),
        ("task_due_desc", Task::DueDesc),
        ("task_priority", Task::Priority),
        ("task_title", Task::TitleKey),
        ("task_position", Task::Position),
    ]
    .into_iter()
    .map(|(name, key)| {
        task_index(name, &[key]).cond_where(Expr::col(Task::DeletedAt).is_null()).take()
    })
    .collect()
}

fn task_index(name: &str, keys: &[Task]) -> IndexCreateStatement {
    let mut index = Index::create().name(name).table(Task::Table).col(Task::UserNo).take();
    for key in keys {
        index.col(*key);
    }
    index.col(Task::Id).take()
}
