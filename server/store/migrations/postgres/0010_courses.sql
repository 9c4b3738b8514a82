-- Courses: what is taught, when, to whom, who came, what they knew before and after, what they think of it, and what they
-- were given for it. `sessions` are log-ins; the sessions of a course are class_sessions. Nothing is overwritten: what was
-- wrong is struck out with a reason and entered anew.
CREATE TABLE courses (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    code TEXT COLLATE "C" NOT NULL UNIQUE,
    title TEXT COLLATE "C" NOT NULL,
    aspect TEXT COLLATE "C" NOT NULL CHECK (aspect IN ('strategy', 'management', 'technique')),
    speciality TEXT COLLATE "C" NOT NULL,
    -- 522, 523, or what another office calls it.
    category TEXT COLLATE "C" NOT NULL,
    minutes BIGINT NOT NULL,
    -- Of these, by digital means.
    digital_minutes BIGINT NOT NULL,
    -- Whether it ends with a test.
    tested BIGINT NOT NULL,
    pass_mark BIGINT NOT NULL,
    work_related BIGINT NOT NULL,
    -- Encouraging measures, words with a space between.
    measures TEXT COLLATE "C" NOT NULL,
    county TEXT COLLATE "C" NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    created_ms BIGINT NOT NULL,
    removed_ms BIGINT
);

CREATE TABLE class_sessions (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    course_id TEXT COLLATE "C" NOT NULL REFERENCES courses (id),
    code TEXT COLLATE "C" NOT NULL UNIQUE,
    class_no BIGINT NOT NULL,
    place TEXT COLLATE "C" NOT NULL,
    -- First start and last end of its half-days.
    start_ms BIGINT NOT NULL,
    end_ms BIGINT NOT NULL,
    late_minutes BIGINT NOT NULL,
    exercise_id TEXT COLLATE "C" UNIQUE REFERENCES exercises (id),
    created_by TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    created_ms BIGINT NOT NULL,
    cancelled_ms BIGINT,
    cancelled_reason TEXT COLLATE "C"
);
CREATE INDEX class_sessions_course ON class_sessions (course_id, start_ms);
CREATE INDEX class_sessions_start ON class_sessions (start_ms);

-- Half-days.
CREATE TABLE class_periods (
    session_id TEXT COLLATE "C" NOT NULL REFERENCES class_sessions (id),
    number BIGINT NOT NULL,
    start_ms BIGINT NOT NULL,
    end_ms BIGINT NOT NULL,
    PRIMARY KEY (session_id, number)
);

CREATE TABLE class_people (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    session_id TEXT COLLATE "C" NOT NULL REFERENCES class_sessions (id),
    person_id TEXT COLLATE "C" NOT NULL REFERENCES persons (id),
    role TEXT COLLATE "C" NOT NULL CHECK (role IN ('planner', 'staff', 'contractor', 'trainer', 'trainee', 'judge', 'observer')),
    -- SHA-256 of the personal sign-in code on the slip.
    code_hash TEXT COLLATE "C",
    by_account TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    at_ms BIGINT NOT NULL,
    removed_ms BIGINT,
    removed_by TEXT COLLATE "C",
    removed_reason TEXT COLLATE "C"
);
CREATE UNIQUE INDEX class_people_role ON class_people (session_id, person_id, role) WHERE removed_ms IS NULL;
CREATE UNIQUE INDEX class_people_code ON class_people (code_hash);
CREATE INDEX class_people_person ON class_people (person_id);

CREATE TABLE class_marks (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    session_id TEXT COLLATE "C" NOT NULL REFERENCES class_sessions (id),
    person_id TEXT COLLATE "C" NOT NULL REFERENCES persons (id),
    source TEXT COLLATE "C" NOT NULL CHECK (source IN ('qr', 'sheet', 'instructor', 'seat')),
    in_ms BIGINT NOT NULL,
    out_ms BIGINT,
    -- NULL where the person signed for themselves.
    by_account TEXT COLLATE "C",
    reason TEXT COLLATE "C" NOT NULL,
    at_ms BIGINT NOT NULL,
    -- Which browser signed, so that one phone that signs for many is seen.
    device TEXT COLLATE "C",
    removed_ms BIGINT,
    removed_by TEXT COLLATE "C",
    removed_reason TEXT COLLATE "C"
);
CREATE INDEX class_marks_session ON class_marks (session_id, in_ms);
CREATE INDEX class_marks_person ON class_marks (person_id, in_ms);

-- Each scan of the room's code signs once.
CREATE TABLE class_tickets (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    used_ms BIGINT NOT NULL
);

CREATE TABLE materials (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    course_id TEXT COLLATE "C" NOT NULL REFERENCES courses (id),
    name TEXT COLLATE "C" NOT NULL,
    link TEXT COLLATE "C",
    bytes BYTEA,
    size BIGINT NOT NULL,
    by_account TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    at_ms BIGINT NOT NULL,
    removed_ms BIGINT,
    CHECK ((link IS NULL) <> (bytes IS NULL))
);
CREATE INDEX materials_course ON materials (course_id, at_ms);

CREATE TABLE test_results (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    session_id TEXT COLLATE "C" NOT NULL REFERENCES class_sessions (id),
    person_id TEXT COLLATE "C" NOT NULL REFERENCES persons (id),
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('pre', 'post')),
    score BIGINT NOT NULL CHECK (score BETWEEN 0 AND 100),
    by_account TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    at_ms BIGINT NOT NULL,
    removed_ms BIGINT,
    removed_by TEXT COLLATE "C",
    removed_reason TEXT COLLATE "C"
);
CREATE UNIQUE INDEX test_results_one ON test_results (session_id, person_id, kind) WHERE removed_ms IS NULL;
CREATE INDEX test_results_person ON test_results (person_id);

CREATE TABLE surveys (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    course_id TEXT COLLATE "C" NOT NULL REFERENCES courses (id),
    session_id TEXT COLLATE "C" REFERENCES class_sessions (id),
    title TEXT COLLATE "C" NOT NULL,
    handed_out BIGINT NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    created_ms BIGINT NOT NULL,
    closed_ms BIGINT
);
CREATE INDEX surveys_course ON surveys (course_id, created_ms);

CREATE TABLE survey_questions (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    survey_id TEXT COLLATE "C" NOT NULL REFERENCES surveys (id),
    number BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('scale', 'text')),
    zh TEXT COLLATE "C" NOT NULL,
    en TEXT COLLATE "C" NOT NULL,
    UNIQUE (survey_id, number)
);

-- Good for one sheet each. Neither who got one nor when it was used stands anywhere.
CREATE TABLE survey_tokens (
    hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    survey_id TEXT COLLATE "C" NOT NULL REFERENCES surveys (id),
    used BIGINT NOT NULL
);
CREATE INDEX survey_tokens_survey ON survey_tokens (survey_id);

-- The id is random, and there is no time: a sheet cannot be matched with who was there.
CREATE TABLE survey_sheets (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    survey_id TEXT COLLATE "C" NOT NULL REFERENCES surveys (id),
    gender TEXT COLLATE "C" CHECK (gender IN ('M', 'F', 'O', 'N'))
);
CREATE INDEX survey_sheets_survey ON survey_sheets (survey_id);

CREATE TABLE survey_answers (
    sheet_id TEXT COLLATE "C" NOT NULL REFERENCES survey_sheets (id),
    question_id TEXT COLLATE "C" NOT NULL REFERENCES survey_questions (id),
    score BIGINT CHECK (score BETWEEN 1 AND 5),
    words TEXT COLLATE "C",
    PRIMARY KEY (sheet_id, question_id)
);

CREATE TABLE certificates (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    number TEXT COLLATE "C" NOT NULL UNIQUE,
    -- Stands on the paper beside the number, so that numbers cannot be tried one after the other.
    check_code TEXT COLLATE "C" NOT NULL,
    course_id TEXT COLLATE "C" NOT NULL REFERENCES courses (id),
    person_id TEXT COLLATE "C" NOT NULL REFERENCES persons (id),
    -- As printed, whatever the register says later.
    name TEXT COLLATE "C" NOT NULL,
    course_title TEXT COLLATE "C" NOT NULL,
    from_ms BIGINT NOT NULL,
    to_ms BIGINT NOT NULL,
    course_minutes BIGINT NOT NULL,
    attended_s BIGINT NOT NULL,
    score BIGINT,
    issued_by TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    issued_ms BIGINT NOT NULL,
    revoked_ms BIGINT,
    revoked_by TEXT COLLATE "C",
    revoked_reason TEXT COLLATE "C"
);
CREATE UNIQUE INDEX certificates_one ON certificates (course_id, person_id) WHERE revoked_ms IS NULL;
CREATE INDEX certificates_person ON certificates (person_id, issued_ms);

-- A person's road to their own page without a seat: a code that is used once and then a visit that ends soon.
CREATE TABLE person_keys (
    hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    person_id TEXT COLLATE "C" NOT NULL REFERENCES persons (id),
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('code', 'visit')),
    by_account TEXT COLLATE "C",
    made_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    used_ms BIGINT,
    revoked_ms BIGINT
);
CREATE INDEX person_keys_person ON person_keys (person_id, made_ms);

INSERT INTO locks (name, turns) VALUES ('certificates', 0);
