from tests.service.conftest import serve as serve
from tests.service.conftest import served as served
