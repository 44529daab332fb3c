"""Two questions to a smolagents CodeAgent, whose steps are texts with code in them."""
import os

from smolagents import CodeAgent, OpenAIServerModel

model = OpenAIServerModel(
    model_id=os.environ["PROXY_MODEL"], api_base=os.environ["PROXY_URL"], api_key="none"
)
agent = CodeAgent(tools=[], model=model, verbosity_level=0, max_steps=3)
agent.run("How much is 6 times 7?")
agent.run("And 7 times 8?", reset=False)
