"""The tables of the store. Facts, assignments and imported rows are append-only: triggers refuse all else."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q

LEAD, CODER, DATA_MANAGER, READER = "lead", "coder", "data manager", "reader"
ROLES = (LEAD, CODER, DATA_MANAGER, READER)


class Participant(models.Model):
    """A person of the study."""

    id = models.TextField(primary_key=True)
    arm = models.TextField(null=True)
    therapist = models.TextField(null=True)


class Session(models.Model):
    """A therapy session; ``tape`` is the name of its tape in the vault, empty when there is none."""

    id = models.TextField(primary_key=True)
    participant = models.ForeignKey(Participant, models.CASCADE, related_name="sessions")
    number = models.FloatField(null=True)
    minutes = models.FloatField(null=True)
    has_tape = models.BooleanField(null=True)
    tape = models.TextField(default="")


class Accounts(BaseUserManager["Account"]):
    """Makes accounts."""

    def get_by_natural_key(self, username: str | None) -> Account:
        """Find an account by its login name, whatever the case of its letters a to z."""
        # Not by the database's own idea of case: PostgreSQL takes ſ for s, which failed logins are counted apart for.
        found: Account = self.get(username=(username or "").lower())
        return found


class Account(AbstractBaseUser):
    """Who may log in.

    Attributes
    ----------
    username : str
        What is typed at login.
    name : str
        Neutral name, such as Birch: it stands beside ratings, in tables and in exports.
    role : str
        lead, coder, data manager or reader.
    settings : dict
        A person's own hot keys and the like.
    """

    username = models.TextField(unique=True)
    name = models.TextField(unique=True)
    role = models.TextField(choices=[(r, r) for r in ROLES])
    is_active = models.BooleanField(default=True)
    settings = models.JSONField(default=dict)

    objects = Accounts()
    USERNAME_FIELD = "username"

    class Meta:  # noqa: D106
        constraints = (models.CheckConstraint(condition=Q(role__in=ROLES), name="account_role"),)

    # What Django's own backend asks; roles decide here, not single permissions.
    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Return False: views ask for roles."""
        return False

    def has_module_perms(self, app_label: str) -> bool:
        """Return False: there is no admin site."""
        return False


class LoginLink(models.Model):
    """A link by which an account is entered once, to set its password; only the hash of its token is kept."""

    token_hash = models.TextField(primary_key=True)
    account = models.ForeignKey(Account, models.CASCADE)
    expires = models.DateTimeField()
    used = models.DateTimeField(null=True)


class Fact(models.Model):
    """One thing that happened.

    Attributes
    ----------
    seq : int
        1, 2, 3 ... without gaps.
    at : str
        UTC, ISO 8601 with milliseconds.
    actor : str
        Neutral name of the account, or ``bordin``.
    kind : str
        See :data:`bordin.store.record.KINDS`.
    assignment, session, coder, item : str
        What it is about. The item of a rating is its variable, such as ``socialization.concordance``.
    value : float
    reason : str
        Why there is no number.
    reading : int
        2 for a second reading by the same coder.
    detail : str
        JSON of what else belongs to it.
    change : str
        The browser's own name for a change, so that one that is sent twice is kept once.
    before, hash : str
        SHA-256 of the fact before it, and of this one.
    """

    seq = models.BigIntegerField(primary_key=True)
    at = models.TextField()
    actor = models.TextField()
    kind = models.TextField()
    assignment = models.TextField(null=True)
    session = models.TextField(null=True)
    coder = models.TextField(null=True)
    item = models.TextField(null=True)
    value = models.FloatField(null=True)
    reason = models.TextField(null=True)
    reading = models.SmallIntegerField(null=True)
    detail = models.TextField(null=True)
    change = models.TextField(null=True)
    before = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:  # noqa: D106
        indexes = (
            models.Index(fields=["assignment", "kind", "seq"], name="fact_of_assignment"),
            models.Index(fields=["kind", "seq"], name="fact_of_kind"),
            models.Index(fields=["session", "kind", "seq"], name="fact_of_session"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["change"], condition=Q(change__isnull=False), name="fact_change_once"
            ),
        )


class Erasable(models.Model):
    """Text of a fact that a participant may have erased; the fact keeps the hash of salt and text.

    ``fact`` is no foreign key, since both are written in one statement each within one transaction, and the
    verification compares them.
    """

    fact = models.BigIntegerField(primary_key=True)
    participant = models.TextField(null=True, db_index=True)
    salt = models.TextField()
    text = models.TextField()


class Assignment(models.Model):
    """Who codes what in which order.

    Attributes
    ----------
    id : str
        Ten random letters and digits: all that a coder's address line shows.
    fact : int
        The allocation it was issued with.
    name : str
        Neutral name, such as Tape 017.
    purpose : str
        rate, double (one coder more than the plan's number), calibration, repeat or practice. The coder is told of
        practice alone.
    """

    id = models.CharField(max_length=10, primary_key=True)
    fact = models.BigIntegerField()
    coder = models.ForeignKey(Account, models.PROTECT, related_name="assignments")
    session = models.ForeignKey(Session, models.PROTECT, related_name="assignments")
    coding = models.TextField()
    name = models.TextField()
    position = models.IntegerField()
    reading = models.SmallIntegerField(default=1)
    purpose = models.TextField(default="rate")

    class Meta:  # noqa: D106
        constraints = (
            models.UniqueConstraint(fields=["coder", "coding", "position"], name="assignment_position_once"),
            models.UniqueConstraint(
                fields=["coder", "coding", "session", "reading"], name="assignment_once_a_reading"
            ),
        )


class ImportedFile(models.Model):
    """A flat file as it came: which part of the protocol's data it is, and its headings.

    ``part`` is participants, sessions, process, or responses, ratings or codes with the place in the protocol's
    list, such as ``ratings:0``.
    """

    part = models.TextField(unique=True)
    name = models.TextField()
    headings = models.JSONField()
    sha256 = models.CharField(max_length=64)
    fact = models.BigIntegerField()


class ImportedRow(models.Model):
    """A row of such a file, cell by cell, so that an export gives it back as it came."""

    file = models.ForeignKey(ImportedFile, models.CASCADE, related_name="rows")
    number = models.IntegerField()
    participant = models.TextField(null=True, db_index=True)
    session = models.TextField(null=True)
    cells = models.JSONField()

    class Meta:  # noqa: D106
        constraints = (models.UniqueConstraint(fields=["file", "number"], name="imported_row_once"),)


class Invitation(models.Model):
    """A link to one form. Whether it was answered, withdrawn or reminded of, the facts say.

    Attributes
    ----------
    id : str
        Random; used by the lead's pages and as ``item`` of the facts about it.
    token_hash : str or None
        SHA-256 of the link's token; None for a form on paper.
    form : str
        Id of ``[[forms]]`` in the protocol.
    """

    id = models.CharField(max_length=10, primary_key=True)
    token_hash = models.CharField(max_length=64, null=True, unique=True)
    fact = models.BigIntegerField()
    form = models.TextField()
    participant = models.ForeignKey(Participant, models.CASCADE)
    session = models.ForeignKey(Session, models.CASCADE, null=True)
    occasion = models.TextField(null=True)
    expires = models.DateTimeField(null=True)
