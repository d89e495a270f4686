from cliquenntp.clique.documents import Documents
from tests.clique_document_set import DocumentSetContract


class TestDocuments(DocumentSetContract):
    def make(self) -> Documents:
        return Documents()
