Feature: Commercial Strict: baclofen billed under another drug's code, or an unclassified one

  This payer takes over Medicare's rules as they are: a baclofen product under one of these codes is
  denied, everything else goes to a person, and nothing is approved.

  Rule: A baclofen product has a code of its own

    Scenario Outline: It is denied: <case>
      Given a claim to Commercial Strict for <code> on 2025-03-03
      And these claim lines
        | code   | units | place of service | ndc   |
        | <code> | 1     | 11               | <ndc> |
        | 62369  | 1     | 11               |       |
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                | group | carc   | rarc   | line |
        | decided-by-a-person |       |        |        | 1    |
        | <rule>              | CO    | <carc> | <rarc> | 1    |

      Examples:
        | case                             | code  | ndc           | rule                     | carc | rarc     |
        | a vial of 40 mg under J3490      | J3490 | 66794-157-02  | specific-code-exists     | 189  | N657     |
        | the same under J7799             | J7799 | 66794-157-02  | specific-code-exists     | 189  | N657     |
        | the same under J7999             | J7999 | 66794-157-02  | specific-code-exists     | 189  | N657     |
        | a screening syringe under J3490  | J3490 | 66794-151-01  | specific-code-exists     | 189  | N657     |
        | a vial of 40 mg under ziconotide | J2278 | 66794-157-02  | product-has-another-code | 16   | N56 N657 |
        | an oral product under ziconotide | J2278 | 99999-0010-01 | product-has-another-code | 16   | N56 N657 |

    Scenario Outline: It waits for a person, and is not denied: <case>
      Given a claim to Commercial Strict for <code> on 2025-03-03
      And these claim lines
        | code   | units | place of service | ndc   |
        | <code> | 1     | 11               | <ndc> |
      When the claim is decided
      Then it is pended
      And no rule denies it
      And the reasons are
        | rule                | line |
        | decided-by-a-person | 1    |

      Examples:
        | case                                 | code  | ndc           |
        | no product number under J3490        | J3490 |               |
        | no product number under J2278        | J2278 |               |
        | a number that the list does not have | J3490 | 12345-6789-01 |
        | an oral product under J3490          | J3490 | 99999-0010-01 |

  Rule: A compounded drug is noted, and decided by a person

    Scenario Outline: It is noted on an unclassified code: <code>
      Given a claim to Commercial Strict for <code> on 2025-03-03
      And these claim lines
        | code   | modifiers | units | place of service |
        | <code> | KD        | 1     | 11               |
      And it is known that whether a pharmacy compounded the drug is yes
      When the claim is decided
      Then it is pended
      And it advises by rule compounded-drug-by-hand

      Examples:
        | code  |
        | J3490 |
        | J7799 |

  Rule: Only a claim that asks for payment is denied

    Scenario: A request before the service waits for a person
      Given a preauthorization request to Commercial Strict for J3490 on 2025-03-03
      And these claim lines
        | code  | units | ndc          |
        | J3490 | 1     | 66794-157-02 |
      When the request is decided
      Then it is pended
      And the reasons are
        | rule                |
        | decided-by-a-person |

    Scenario: A void waits for a person
      Given a claim to Commercial Strict for J2278 on 2025-03-03
      And the claim has frequency 8
      And these claim lines
        | code  | units | place of service | ndc          |
        | J2278 | 1     | 11               | 66794-157-02 |
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                |
        | decided-by-a-person |
