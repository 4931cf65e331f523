"""The linter of methods: what is wrong or doubtful in one before any number appears, with reason and source."""
