Feature: Medicare: modifiers on the drug line

  59 and XE, XS, XP and XU mark a distinct procedure. On a drug line they say nothing, and they never
  replace JZ or JW. A modifier must exist on the date of service: JZ does from 2023-01-01. (When JW
  and JZ are required is in the scenarios about wastage.)

  Rule: A distinct-service modifier on the drug line is noted and decides nothing

    Scenario Outline: Beside JZ it is unnecessary: <modifiers>
      Given the example refill-with-procedure of Medicare for J0945
      But the drug lines carry <modifiers>
      When the claim is decided
      Then it is approved
      And 4 units are allowed on line 1
      And it advises by rule distinct-service-modifier
      And it says "never replaces JW or JZ"

      Examples:
        | modifiers   |
        | JZ 59       |
        | 59 JZ       |
        | XE JZ       |
        | XS JZ       |
        | XP JZ       |
        | XU JZ       |
        | xu jz       |
        | KX KD XS JZ |

    Scenario Outline: Alone it does not replace JZ: <modifier>
      Given the example refill-with-procedure of Medicare for J0945
      But the drug lines carry <modifier>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 1    |
      And it advises by rule distinct-service-modifier

      Examples:
        | modifier |
        | 59       |
        | XE       |
        | XS       |
        | XP       |
        | XU       |

    Scenario: On the line of discarded drug it is unnecessary as well
      Given the example refill-with-waste-and-procedure of Medicare for J0945
      But line 2 carries 59 JW
      When the claim is decided
      Then it is approved
      And it advises by rule distinct-service-modifier

    Scenario: On the procedure line it is no matter of the drug
      Given the example refill-with-procedure of Medicare for J0945
      But line 2 carries 59
      When the claim is decided
      Then it is approved
      And rule distinct-service-modifier does not hold

    Scenario: JZ on the procedure line is not on the drug line
      Given the example refill-with-procedure of Medicare for J0945
      But the drug lines carry no JZ
      And line 2 carries JZ
      When the claim is decided
      Then it is denied
      And the reason is CO 16 with N822 and MA130 from rule jz-missing

    Scenario Outline: Other modifiers are not noted: <case>
      Given the example refill-with-procedure of Medicare for J0945
      But the drug lines carry <modifiers>
      When the claim is decided
      Then it is approved
      And rule distinct-service-modifier does not hold

      Examples:
        | case                                    | modifiers |
        | JZ alone                                | JZ        |
        | given through durable medical equipment | JZ KD     |
        | the policy's requirements are met       | JZ KX     |

    Scenario: More units than a line may carry are not excused by XU
      Given the example refill-with-waste-and-procedure of Medicare for J0945
      But line 1 carries JZ
      And line 2 carries JZ XU
      And line 1 has units 5
      And line 2 has units 4
      When the claim is decided
      Then it is partly approved
      And the reason is CO 151 with N362 from rule daily-limit
      And it advises by rule distinct-service-modifier

    Scenario: A void gets no note about its modifiers
      Given the example refill-with-procedure of Medicare for J0945
      And the claim has frequency 8
      And the drug lines carry 59 JZ
      When the claim is decided
      Then it is pended
      And rule distinct-service-modifier does not hold

  Rule: A modifier must exist on the date of service

    Scenario Outline: JZ before it existed is denied: <case>
      Given the example refill-with-procedure of Medicare for J0945 on <date>
      But the drug lines carry <modifiers>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                 | group | carc | rarc | line |
        | jz-before-it-existed | CO    | 182  | N823 | 1    |
      And it says "it may be used from 2023-01-01"

      Examples:
        | case                      | date       | modifiers |
        | the last day before       | 2022-12-31 | JZ        |
        | the same in small letters | 2022-12-31 | jz        |
        | beside another modifier   | 2022-12-31 | KX JZ     |
        | years before              | 2018-06-01 | JZ        |

    Scenario: JZ from its first day is paid
      Given the example refill-with-procedure of Medicare for J0945 on 2023-01-01
      When the claim is decided
      Then it is approved

    Scenario: No modifier before JZ existed is paid
      Given the example refill-with-procedure of Medicare for J0945 on 2022-12-31
      But the drug lines carry no JZ
      When the claim is decided
      Then it is approved
      And rule jz-before-it-existed does not hold

    Scenario: JZ on a procedure line before it existed is no matter of the drug
      Given the example refill-with-procedure of Medicare for J0945 on 2022-12-31
      But the drug lines carry no JZ
      And line 2 carries JZ
      When the claim is decided
      Then it is approved

    Scenario: A void of a claim with such a JZ that names no claim is asked which one, and nothing else
      Given the example refill-with-procedure of Medicare for J0945 on 2022-12-31
      And the claim has frequency 8
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |

    Scenario: A claim over both days loses the first only
      Given the example refill-with-procedure of Medicare for J0945 on 2022-12-31
      But these claim lines
        | code  | modifiers | units | place of service | date       |
        | J0945 | JZ        | 4     | 11               | 2022-12-31 |
        | 62369 |           | 1     | 11               | 2022-12-31 |
        | J0945 | JZ        | 4     | 11               | 2023-01-01 |
        | 62369 |           | 1     | 11               | 2023-01-01 |
      When the claim is decided
      Then it is partly approved
      And line 1 is denied
      And line 3 is approved
