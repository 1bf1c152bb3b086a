"""The first tables, and what the database itself refuses."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from bordin.store import triggers


def make_triggers(apps, schema_editor):
    for statement in triggers.make(schema_editor.connection.vendor):
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Erasable",
            fields=[
                ("fact", models.BigIntegerField(primary_key=True, serialize=False)),
                ("participant", models.TextField(db_index=True, null=True)),
                ("salt", models.TextField()),
                ("text", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="ImportedFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("part", models.TextField(unique=True)),
                ("name", models.TextField()),
                ("headings", models.JSONField()),
                ("sha256", models.CharField(max_length=64)),
                ("fact", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Participant",
            fields=[
                ("id", models.TextField(primary_key=True, serialize=False)),
                ("arm", models.TextField(null=True)),
                ("therapist", models.TextField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                ("username", models.TextField(unique=True)),
                ("name", models.TextField(unique=True)),
                (
                    "role",
                    models.TextField(
                        choices=[
                            ("lead", "lead"),
                            ("coder", "coder"),
                            ("data manager", "data manager"),
                            ("reader", "reader"),
                        ]
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                ("settings", models.JSONField(default=dict)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ("lead", "coder", "data manager", "reader"))),
                        name="account_role",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Fact",
            fields=[
                ("seq", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.TextField()),
                ("actor", models.TextField()),
                ("kind", models.TextField()),
                ("assignment", models.TextField(null=True)),
                ("session", models.TextField(null=True)),
                ("coder", models.TextField(null=True)),
                ("item", models.TextField(null=True)),
                ("value", models.FloatField(null=True)),
                ("reason", models.TextField(null=True)),
                ("reading", models.SmallIntegerField(null=True)),
                ("detail", models.TextField(null=True)),
                ("change", models.TextField(null=True)),
                ("before", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["assignment", "kind", "seq"], name="fact_of_assignment"),
                    models.Index(fields=["kind", "seq"], name="fact_of_kind"),
                    models.Index(fields=["session", "kind", "seq"], name="fact_of_session"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("change__isnull", False)),
                        fields=("change",),
                        name="fact_change_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LoginLink",
            fields=[
                ("token_hash", models.TextField(primary_key=True, serialize=False)),
                ("expires", models.DateTimeField()),
                ("used", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Session",
            fields=[
                ("id", models.TextField(primary_key=True, serialize=False)),
                ("number", models.FloatField(null=True)),
                ("minutes", models.FloatField(null=True)),
                ("has_tape", models.BooleanField(null=True)),
                ("tape", models.TextField(default="")),
                (
                    "participant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sessions",
                        to="store.participant",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.CharField(max_length=10, primary_key=True, serialize=False)),
                ("token_hash", models.CharField(max_length=64, null=True, unique=True)),
                ("fact", models.BigIntegerField()),
                ("form", models.TextField()),
                ("occasion", models.TextField(null=True)),
                ("expires", models.DateTimeField(null=True)),
                (
                    "participant",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="store.participant"),
                ),
                (
                    "session",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, to="store.session"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ImportedRow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.IntegerField()),
                ("participant", models.TextField(db_index=True, null=True)),
                ("session", models.TextField(null=True)),
                ("cells", models.JSONField()),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rows",
                        to="store.importedfile",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("file", "number"), name="imported_row_once")],
            },
        ),
        migrations.CreateModel(
            name="Assignment",
            fields=[
                ("id", models.CharField(max_length=10, primary_key=True, serialize=False)),
                ("fact", models.BigIntegerField()),
                ("coding", models.TextField()),
                ("name", models.TextField()),
                ("position", models.IntegerField()),
                ("reading", models.SmallIntegerField(default=1)),
                ("purpose", models.TextField(default="rate")),
                (
                    "coder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to="store.session",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("coder", "coding", "position"), name="assignment_position_once"
                    ),
                    models.UniqueConstraint(
                        fields=("coder", "coding", "session", "reading"), name="assignment_once_a_reading"
                    ),
                ],
            },
        ),
        migrations.RunPython(make_triggers, migrations.RunPython.noop),
    ]
