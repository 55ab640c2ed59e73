"""Run the migrations on the connection that the program hands over."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=context.config.attributes.get("target_metadata"),
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,
)
# The caller has begun the transaction and will end it.
context.run_migrations()
