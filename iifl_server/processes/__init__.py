"""Starting, watching and ending the processes of an embedded installation."""
