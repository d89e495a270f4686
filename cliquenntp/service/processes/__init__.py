"""Several processes on one database: one writer, which is the node, and readers that only serve newsreaders.

    newsreader -> reader process -> (desk) -> writer: posts, looks, articles of feeds
    newsreader <- reader process <- database <- writer: everything that is read
                                 <- (desk) <- writer: what a commit has changed

``desk.py`` is the writer's side of the connection between them, ``reader.py`` and ``remote.py`` are the reader's;
``workers.py`` starts readers on this machine that share its listening ports.
"""
