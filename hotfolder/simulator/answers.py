"""The shapes of the service's answers: flat, enveloped, and refusals.

Source: the project's collected facts on the RunningHub API, sections 2 to 5. Where
sources disagree the more troublesome form is sent, for a client must take both.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, TypeAlias

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

Json: TypeAlias = dict[str, object]
Form: TypeAlias = Literal["flat", "msg", "message"]

HTTP_OK = 200
HTTP_UNAUTHORISED = 401
HTTP_TOO_MANY_REQUESTS = 429
PROMPT_TIPS = json.dumps(
    {"result": True, "error": None, "outputs_to_execute": ["1"], "node_errors": {}}
)
NO_USAGE: Json = {
    "consumeMoney": None,
    "consumeCoins": None,
    "taskCostTime": None,
    "thirdPartyConsumeMoney": None,
}

MESSAGES = {
    "1": ("Business error", "业务错误"),
    "-1": ("API key verification failed", "API Key 验证失败"),
    "301": ("Invalid or missing parameters", "参数错误"),
    "380": ("The workflow does not exist", "工作流不存在"),
    "401": ("API key missing or not verified", "API Key 未验证"),
    "403": ("Forbidden", "禁止访问"),
    "412": ("Token invalid", "令牌无效"),
    "414": ("Not enough coins", "RH币不足"),
    "415": ("No free machine", "机器已满"),
    "416": ("Wallet balance too low", "钱包余额不足"),
    "421": ("The concurrency limit of the API key is reached", "并发任务数已达上限"),
    "429": ("Too many requests", "请求过于频繁"),
    "433": ("Validation of the prompt failed", "工作流校验失败"),
    "500": ("Server error", "服务器错误"),
    "802": ("API key unauthorised or expired", "API Key 未授权"),
    "803": ("Invalid node info", "节点信息不匹配"),
    "804": ("Task is running", "任务运行中"),
    "805": ("Task failed", "任务失败"),
    "806": ("No user for this API key", "用户不存在"),
    "807": ("Task not found", "任务不存在"),
    "808": ("Upload failed", "上传失败"),
    "809": ("File too large", "文件过大"),
    "810": ("The workflow was not saved or never ran", "工作流未保存或未运行"),
    "811": ("Enterprise API key invalid", "企业 API Key 无效"),
    "813": ("Task is queued", "任务排队中"),
    "901": ("The web app does not exist", "AI应用不存在"),
    "1000": ("Unknown error", "未知错误"),
    "1001": ("Invalid URL or endpoint", "无效的接口地址"),
    "1003": ("Rate limit exceeded", "超出速率限制"),
    "1004": ("Task not found or expired", "任务不存在或已过期"),
    "1005": ("Internal server error", "服务器内部错误"),
    "1007": ("Invalid parameters", "参数无效"),
    "1008": ("File size limit exceeded", "文件大小超限"),
    "1010": ("Service unavailable", "服务不可用"),
    "1011": ("System busy", "系统繁忙"),
    "1013": ("File processing failed", "文件处理失败"),
    "1014": ("Standard models need an Enterprise-Shared API key", "标准模型需要企业共享 API Key"),
    "1101": ("Node information error", "节点信息错误"),
    "1501": ("Content verification failed", "内容审核未通过"),
    "1505": ("Photorealistic real people are not allowed", "不允许写实真人"),
    "1520": ("The concurrency limit of the user is reached", "用户并发数已达上限"),
}


def message(code: str, detail: str = "") -> str:
    """Return a code's text as the service writes it: "English | 中文"."""
    english, chinese = MESSAGES.get(code, (f"Error {code}", f"错误 {code}"))
    return f"{english}{f': {detail}' if detail else ''} | {chinese}"


class RefusedError(Exception):
    """A request the service declines without acting on it.

    code: the service's error code; detail: added to its text.
    form: "flat" (taskId, errorCode), or enveloped with "msg" or "message".
    """

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        form: Form = "flat",
        http_status: int = HTTP_OK,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message(code, detail))
        self.code = code
        self.detail = detail
        self.form = form
        self.http_status = http_status
        self.headers = dict(headers or {})
        self.tips = ""


class Reply(JSONResponse):
    """A JSON answer whose content stays at hand, so that a fault can bend it."""

    def __init__(
        self,
        payload: Json,
        status_code: int = HTTP_OK,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(payload, status_code=status_code, headers=headers)
        self.payload = payload


def flat_error(code: str, detail: str = "") -> Json:
    """Return a flat answer that names no task."""
    return flat_answer(task_id="", status="", code=code, text=message(code, detail), client_id="")


def flat_answer(
    *, task_id: str, status: str, client_id: str, code: str = "", text: str = ""
) -> Json:
    """Return the flat object of submit; query adds `failedReason` and `usage`."""
    return {
        "taskId": task_id,
        "status": status,
        "errorCode": code,
        "errorMessage": text,
        "results": None,
        "clientId": client_id,
        "promptTips": PROMPT_TIPS if task_id else "",
    }


def envelope(content: object, *, word: Literal["msg", "message"] = "msg") -> Json:
    """Return a good answer in the enveloped form."""
    return {"code": 0, word: "success", "data": content}


def envelope_error(code: str, detail: str = "", *, word: Literal["msg", "message"] = "msg") -> Json:
    """Return an error in the enveloped form, its code a number as the service has it."""
    return {"code": int(code), word: message(code, detail), "data": None}


def error_answer(form: Form, code: str, detail: str = "") -> Json:
    """Return an error in either form."""
    if form == "flat":
        return flat_error(code, detail)
    return envelope_error(code, detail, word=form)


def refusal(error: RefusedError, form: Form | None = None) -> Reply:
    """Return the answer to a refused request; `form` overrides the refusal's own."""
    payload = error_answer(form or error.form, error.code, error.detail)
    if error.tips and "promptTips" in payload:
        payload["promptTips"] = error.tips
    elif error.tips:
        payload["data"] = {"promptTips": error.tips}
    return Reply(payload, error.http_status, error.headers)
