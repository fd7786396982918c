//! The viewer and their session.

use async_graphql::OutputType;

use super::{
    PlanContext,
    json::{self, Output, SelectionSet},
};
use crate::{
    engine::document::CollectedField,
    error::ApiError,
    graphql::{
        scalars::enum_name,
        types::{session::Session, user::User},
    },
    store::StoreError,
    time::Zone,
};

/// A field of the viewer.
#[derive(Debug)]
pub enum UserField {
    TypeName,
    Id,
    Email,
    Name,
    Image,
    Session(SelectionSet<SessionField>),
    TimeZone,
}

/// A field of a session.
#[derive(Debug)]
pub enum SessionField {
    TypeName,
    Id,
    Issuer,
    IssuedAt,
    ExpiresAt,
    ExpiresIn,
    Scopes,
}

/// What has to be read to show the viewer.
#[derive(Debug, Default)]
pub struct RequiredOfUser {
    zone: bool,
}

/// The viewer, with what is shown of them.
pub struct ResolvedUser {
    user: User,
    /// Read only where it is shown.
    zone: Zone,
}

impl UserField {
    pub fn of(selected: &CollectedField, required: &mut RequiredOfUser) -> Option<Self> {
        Some(match selected.name.as_str() {
            "__typename" => Self::TypeName,
            "id" => Self::Id,
            "email" => Self::Email,
            "name" => Self::Name,
            "image" => Self::Image,
            "session" => Self::Session(json::selection_set(selected.fields(), SessionField::of)?),
            "timeZone" => {
                required.zone = true;
                Self::TimeZone
            }
            _ => return None,
        })
    }
}

impl SessionField {
    fn of(selected: &CollectedField) -> Option<Self> {
        Some(match selected.name.as_str() {
            "__typename" => Self::TypeName,
            "id" => Self::Id,
            "issuer" => Self::Issuer,
            "issuedAt" => Self::IssuedAt,
            "expiresAt" => Self::ExpiresAt,
            "expiresIn" => Self::ExpiresIn,
            "scopes" => Self::Scopes,
            _ => return None,
        })
    }

    fn write(&self, out: &mut Output, session: &Session) -> Result<(), StoreError> {
        match self {
            Self::TypeName => json::quoted(out, &Session::type_name()),
            Self::Id => json::string(out, &session.id),
            Self::Issuer => json::optional_string(out, session.issuer.as_deref()),
            Self::IssuedAt => json::instant(out, session.issued_at),
            Self::ExpiresAt => json::instant(out, session.expires_at),
            Self::ExpiresIn => json::number(out, session.expires_in.into()),
            Self::Scopes => json::list(out, &session.scopes, |out, scope| {
                json::quoted(out, enum_name(*scope));
                Ok(())
            })?,
        }
        Ok(())
    }
}

impl RequiredOfUser {
    /// Reads it.
    pub async fn read(
        &self,
        PlanContext { request, .. }: PlanContext<'_>,
    ) -> Result<ResolvedUser, ApiError> {
        let zone = if self.zone { request.store.zone().await? } else { Zone::UTC };
        Ok(ResolvedUser { user: request.into(), zone })
    }
}

impl ResolvedUser {
    pub fn write(
        &self,
        out: &mut Output,
        fields: &SelectionSet<UserField>,
    ) -> Result<(), StoreError> {
        let Self { user, zone } = self;
        json::object(out, fields, |out, field| {
            match field {
                UserField::TypeName => json::quoted(out, &User::type_name()),
                UserField::Id => json::string(out, &user.id),
                UserField::Email => json::optional_string(out, user.email.as_deref()),
                UserField::Name => json::optional_string(out, user.name.as_deref()),
                UserField::Image => json::optional_string(out, user.image.as_deref()),
                UserField::TimeZone => json::string(out, zone.name()),
                UserField::Session(fields) => {
                    json::object(out, fields, |out, field| field.write(out, &user.session))?;
                }
            }
            Ok(())
        })
    }
}
