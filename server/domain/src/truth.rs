//! Truth: which records prove which action.
