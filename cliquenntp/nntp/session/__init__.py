"""The sans-IO NNTP session: command table, arguments, responses, wildmat. Pure."""
