"""The command `concert`. Nothing heavy is imported before a command needs it."""
