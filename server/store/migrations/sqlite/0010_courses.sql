-- Courses: what is taught, when, to whom, who came, what they knew before and after, what they think of it, and what they
-- were given for it. `sessions` are log-ins; the sessions of a course are class_sessions. Nothing is overwritten: what was
-- wrong is struck out with a reason and entered anew.
CREATE TABLE courses (
    id TEXT NOT NULL PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    aspect TEXT NOT NULL CHECK (aspect IN ('strategy', 'management', 'technique')),
    speciality TEXT NOT NULL,
    -- 522, 523, or what another office calls it.
    category TEXT NOT NULL,
    minutes INTEGER NOT NULL,
    -- Of these, by digital means.
    digital_minutes INTEGER NOT NULL,
    -- Whether it ends with a test.
    tested INTEGER NOT NULL,
    pass_mark INTEGER NOT NULL,
    work_related INTEGER NOT NULL,
    -- Encouraging measures, words with a space between.
    measures TEXT NOT NULL,
    county TEXT NOT NULL,
    created_by TEXT NOT NULL REFERENCES accounts (id),
    created_ms INTEGER NOT NULL,
    removed_ms INTEGER
) STRICT;

CREATE TABLE class_sessions (
    id TEXT NOT NULL PRIMARY KEY,
    course_id TEXT NOT NULL REFERENCES courses (id),
    code TEXT NOT NULL UNIQUE,
    class_no INTEGER NOT NULL,
    place TEXT NOT NULL,
    -- First start and last end of its half-days.
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    late_minutes INTEGER NOT NULL,
    exercise_id TEXT UNIQUE REFERENCES exercises (id),
    created_by TEXT NOT NULL REFERENCES accounts (id),
    created_ms INTEGER NOT NULL,
    cancelled_ms INTEGER,
    cancelled_reason TEXT
) STRICT;
CREATE INDEX class_sessions_course ON class_sessions (course_id, start_ms);
CREATE INDEX class_sessions_start ON class_sessions (start_ms);

-- Half-days.
CREATE TABLE class_periods (
    session_id TEXT NOT NULL REFERENCES class_sessions (id),
    number INTEGER NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    PRIMARY KEY (session_id, number)
) STRICT;

CREATE TABLE class_people (
    id TEXT NOT NULL PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES class_sessions (id),
    person_id TEXT NOT NULL REFERENCES persons (id),
    role TEXT NOT NULL CHECK (role IN ('planner', 'staff', 'contractor', 'trainer', 'trainee', 'judge', 'observer')),
    -- SHA-256 of the personal sign-in code on the slip.
    code_hash TEXT,
    by_account TEXT NOT NULL REFERENCES accounts (id),
    at_ms INTEGER NOT NULL,
    removed_ms INTEGER,
    removed_by TEXT,
    removed_reason TEXT
) STRICT;
CREATE UNIQUE INDEX class_people_role ON class_people (session_id, person_id, role) WHERE removed_ms IS NULL;
CREATE UNIQUE INDEX class_people_code ON class_people (code_hash);
CREATE INDEX class_people_person ON class_people (person_id);

CREATE TABLE class_marks (
    id TEXT NOT NULL PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES class_sessions (id),
    person_id TEXT NOT NULL REFERENCES persons (id),
    source TEXT NOT NULL CHECK (source IN ('qr', 'sheet', 'instructor', 'seat')),
    in_ms INTEGER NOT NULL,
    out_ms INTEGER,
    -- NULL where the person signed for themselves.
    by_account TEXT,
    reason TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    -- Which browser signed, so that one phone that signs for many is seen.
    device TEXT,
    removed_ms INTEGER,
    removed_by TEXT,
    removed_reason TEXT
) STRICT;
CREATE INDEX class_marks_session ON class_marks (session_id, in_ms);
CREATE INDEX class_marks_person ON class_marks (person_id, in_ms);

-- Each scan of the room's code signs once.
CREATE TABLE class_tickets (
    id TEXT NOT NULL PRIMARY KEY,
    used_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE materials (
    id TEXT NOT NULL PRIMARY KEY,
    course_id TEXT NOT NULL REFERENCES courses (id),
    name TEXT NOT NULL,
    link TEXT,
    bytes BLOB,
    size INTEGER NOT NULL,
    by_account TEXT NOT NULL REFERENCES accounts (id),
    at_ms INTEGER NOT NULL,
    removed_ms INTEGER,
    CHECK ((link IS NULL) <> (bytes IS NULL))
) STRICT;
CREATE INDEX materials_course ON materials (course_id, at_ms);

CREATE TABLE test_results (
    id TEXT NOT NULL PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES class_sessions (id),
    person_id TEXT NOT NULL REFERENCES persons (id),
    kind TEXT NOT NULL CHECK (kind IN ('pre', 'post')),
    score INTEGER NOT NULL CHECK (score BETWEEN 0 AND 100),
    by_account TEXT NOT NULL REFERENCES accounts (id),
    at_ms INTEGER NOT NULL,
    removed_ms INTEGER,
    removed_by TEXT,
    removed_reason TEXT
) STRICT;
CREATE UNIQUE INDEX test_results_one ON test_results (session_id, person_id, kind) WHERE removed_ms IS NULL;
CREATE INDEX test_results_person ON test_results (person_id);

CREATE TABLE surveys (
    id TEXT NOT NULL PRIMARY KEY,
    course_id TEXT NOT NULL REFERENCES courses (id),
    session_id TEXT REFERENCES class_sessions (id),
    title TEXT NOT NULL,
    handed_out INTEGER NOT NULL,
    created_by TEXT NOT NULL REFERENCES accounts (id),
    created_ms INTEGER NOT NULL,
    closed_ms INTEGER
) STRICT;
CREATE INDEX surveys_course ON surveys (course_id, created_ms);

CREATE TABLE survey_questions (
    id TEXT NOT NULL PRIMARY KEY,
    survey_id TEXT NOT NULL REFERENCES surveys (id),
    number INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('scale', 'text')),
    zh TEXT NOT NULL,
    en TEXT NOT NULL,
    UNIQUE (survey_id, number)
) STRICT;

-- Good for one sheet each. Neither who got one nor when it was used stands anywhere.
CREATE TABLE survey_tokens (
    hash TEXT NOT NULL PRIMARY KEY,
    survey_id TEXT NOT NULL REFERENCES surveys (id),
    used INTEGER NOT NULL
) STRICT;
CREATE INDEX survey_tokens_survey ON survey_tokens (survey_id);

-- The id is random, and there is no time: a sheet cannot be matched with who was there.
CREATE TABLE survey_sheets (
    id TEXT NOT NULL PRIMARY KEY,
    survey_id TEXT NOT NULL REFERENCES surveys (id),
    gender TEXT CHECK (gender IN ('M', 'F', 'O', 'N'))
) STRICT;
CREATE INDEX survey_sheets_survey ON survey_sheets (survey_id);

CREATE TABLE survey_answers (
    sheet_id TEXT NOT NULL REFERENCES survey_sheets (id),
    question_id TEXT NOT NULL REFERENCES survey_questions (id),
    score INTEGER CHECK (score BETWEEN 1 AND 5),
    words TEXT,
    PRIMARY KEY (sheet_id, question_id)
) STRICT;

CREATE TABLE certificates (
    id TEXT NOT NULL PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    -- Stands on the paper beside the number, so that numbers cannot be tried one after the other.
    check_code TEXT NOT NULL,
    course_id TEXT NOT NULL REFERENCES courses (id),
    person_id TEXT NOT NULL REFERENCES persons (id),
    -- As printed, whatever the register says later.
    name TEXT NOT NULL,
    course_title TEXT NOT NULL,
    from_ms INTEGER NOT NULL,
    to_ms INTEGER NOT NULL,
    course_minutes INTEGER NOT NULL,
    attended_s INTEGER NOT NULL,
    score INTEGER,
    issued_by TEXT NOT NULL REFERENCES accounts (id),
    issued_ms INTEGER NOT NULL,
    revoked_ms INTEGER,
    revoked_by TEXT,
    revoked_reason TEXT
) STRICT;
CREATE UNIQUE INDEX certificates_one ON certificates (course_id, person_id) WHERE revoked_ms IS NULL;
CREATE INDEX certificates_person ON certificates (person_id, issued_ms);

-- A person's road to their own page without a seat: a code that is used once and then a visit that ends soon.
CREATE TABLE person_keys (
    hash TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES persons (id),
    kind TEXT NOT NULL CHECK (kind IN ('code', 'visit')),
    by_account TEXT,
    made_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    used_ms INTEGER,
    revoked_ms INTEGER
) STRICT;
CREATE INDEX person_keys_person ON person_keys (person_id, made_ms);

INSERT INTO locks (name, turns) VALUES ('certificates', 0);
